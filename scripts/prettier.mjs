// Checks the format of the files that changed since it was found good (build/prettier.json), or of all.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import path from 'node:path'
import { changedSince, keepPassed, readPassed, stampsOf } from './unchanged.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const kept = path.join(root, 'build', 'prettier.json')
const read = (name) => readFileSync(path.join(root, name), 'utf8')
const key = [
  JSON.parse(read('node_modules/prettier/package.json')).version,
  read('.prettierrc.json'),
  read('.prettierignore')
].join()
const stamps = stampsOf(root)
const passed = readPassed(kept, key)
const changed = changedSince(passed, stamps).filter((name) => stamps[name] !== undefined)
// A command line holds only so many names; so many changed files are no small change anyway.
const names = Object.keys(passed).length === 0 || changed.length > 500 ? ['.'] : changed
if (names.length > 0) {
  const prettier = path.join(root, 'node_modules/prettier/bin/prettier.cjs')
  const flags = ['--check', '--ignore-unknown', '--log-level', 'warn']
  const { status } = spawnSync(process.execPath, [prettier, ...flags, ...names], {
    cwd: root,
    stdio: 'inherit'
  })
  if (status !== 0) process.exit(status ?? 1)
}
keepPassed(kept, key, stamps)
