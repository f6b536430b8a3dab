// The commands of the inner loop, each timed: seconds that pass, seconds of processor time (Linux), and how loaded the
// machine was. `first` runs without what earlier runs kept, `again` after a run that changed nothing, `changed` after
// a comment was added to one file of core. Usage: npm run bench:inner-loop [-- NAME…], e.g. typecheck eslint
import { spawnSync } from 'node:child_process'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { childSeconds } from './childSeconds.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const touched = path.join(root, 'src/core/math/median.ts')
const npx = (name, ...args) => [path.join(root, 'node_modules', name), ...args]
const kept = (name) => path.join(root, 'build', name)
const commands = {
  typecheck: { cache: kept('typecheck'), run: [path.join(root, 'scripts/typecheck.mjs')] },
  eslint: {
    cache: kept('eslint'),
    run: npx('eslint/bin/eslint.js', '--cache', '--cache-location', 'build/eslint/', '.')
  },
  prettier: { cache: kept('prettier.json'), run: [path.join(root, 'scripts/prettier.mjs')] },
  'test:unit': { cache: null, run: [path.join(root, 'scripts/test.mjs'), '--unit'] }
}

function time(name, when) {
  const [load] = loadavg()
  const startedMs = Date.now()
  const before = childSeconds()
  const { status } = spawnSync(process.execPath, commands[name].run, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit']
  })
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1)
  const processor = (childSeconds() - before).toFixed(1)
  const failed = status === 0 ? '' : `  FAILED with ${status}`
  console.log(
    `${name.padEnd(10)} ${when.padEnd(8)} ${seconds.padStart(6)} s  processor ${processor.padStart(6)} s  load ${load.toFixed(1)}${failed}`
  )
  return status === 0
}

/** Runs `work` while one file has another content, and puts it back as it was. */
function withChange(work) {
  const text = readFileSync(touched, 'utf8')
  const aside = path.join(root, 'build/innerLoop.kept')
  writeFileSync(aside, text)
  try {
    writeFileSync(touched, `${text}// measured\n`)
    return work()
  } finally {
    renameSync(aside, touched)
  }
}

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(commands)
const unknown = names.filter((name) => !Object.hasOwn(commands, name))
if (unknown.length > 0) {
  console.error(`Unknown: ${unknown.join(', ')}. There are: ${Object.keys(commands).join(', ')}.`)
  process.exit(2)
}
console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} threads`)
let good = true
for (const name of names) {
  const { cache } = commands[name]
  if (cache === null) {
    good = time(name, 'whole') && good
    continue
  }
  rmSync(cache, { recursive: true, force: true })
  good = time(name, 'first') && good
  good = time(name, 'again') && good
  good = withChange(() => time(name, 'changed')) && good
}
process.exit(good ? 0 : 1)
