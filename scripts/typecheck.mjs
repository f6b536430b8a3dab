// Type-checks each layer with its own tsconfig, so that core never sees Node or DOM types. What was checked is kept
// between runs (build/typecheck): a layer whose files did not change since it passed is not checked again, and of others
// only what changed is. The native compiler (TypeScript 7) checks everything but components, which vue-tsc checks through
// TypeScript 6, beside it on the second core.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import path from 'node:path'
import { changedSince, keepPassed, readPassed, stampsOf } from './unchanged.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const bin = (name) => path.join(root, 'node_modules', name)
const kept = (name) => path.join(root, 'build', 'typecheck', name)
const native = bin('typescript7/bin/tsc')
/** Of each layer: its compiler, and the folders that a change of can change its result; '': all. */
const layers = {
  core: { compiler: native, folders: ['src/core/', 'src/shared/'] },
  main: { compiler: native, folders: ['src/core/', 'src/shared/', 'src/main/'] },
  test: { compiler: native, folders: [''] },
  renderer: {
    compiler: bin('vue-tsc/bin/vue-tsc.js'),
    folders: ['src/core/', 'src/shared/', 'src/renderer/', 'src/preload/']
  }
}
const source = /\.(?:[cm]?[jt]s|vue|json)$/
const all = stampsOf(root)

function stampsFor({ folders }) {
  const isOf = (name) =>
    source.test(name) && (!name.includes('/') || folders.some((folder) => name.startsWith(folder)))
  return Object.fromEntries(Object.entries(all).filter(([name]) => isOf(name)))
}

/** Whether a layer has no error of types. */
async function check(name) {
  const stamps = stampsFor(layers[name])
  const passed = kept(`${name}.passed.json`)
  if (changedSince(readPassed(passed, process.version), stamps).length === 0) return true
  const project = `tsconfig.${name}`
  const flags = ['--noEmit', '--incremental', '--tsBuildInfoFile', kept(`${project}.tsbuildinfo`)]
  const child = spawn(process.execPath, [layers[name].compiler, '-p', `${project}.json`, ...flags], {
    cwd: root,
    stdio: 'inherit'
  })
  const status = await new Promise((resolve) => child.on('close', resolve))
  keepPassed(passed, process.version, status === 0 ? stamps : null)
  return status === 0
}

/** Checks layers one after the other, all of them also when one fails. */
async function checkInTurn(names) {
  let good = true
  for (const name of names) good = (await check(name)) && good
  return good
}

const wanted = Object.keys(layers).filter((name) => !process.argv[2] || name.includes(process.argv[2]))
const lanes = [wanted.filter((name) => name !== 'renderer'), wanted.filter((name) => name === 'renderer')]
const results = await Promise.all(lanes.map(checkInTurn))
process.exit(results.every(Boolean) ? 0 : 1)
