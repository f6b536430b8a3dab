import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../bin/bitbench.mjs', import.meta.url))

/** A path below the repository, wherever the example is started from. */
export const inRepository = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url))

/** Data and outputs of one example: a folder of its own, deleted at the end. BITBENCH_DATA of the user is not touched. */
const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-example-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
export const output = (name) => path.join(folder, name)

/** Runs `bitbench` as you would type it, shows the command, and returns its JSON. Ends the example when it fails. */
export function bitbench(...words) {
  console.log(`\n$ bitbench ${words.join(' ')}`)
  const options = { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 }
  const dash = words.indexOf('--')
  const own = ['--json', '--data', output('data')]
  const all = dash < 0 ? [...words, ...own] : [...words.slice(0, dash), ...own, ...words.slice(dash)]
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...all], options)
  if (status !== 0) {
    console.error(stdout, stderr)
    process.exit(status ?? 1)
  }
  return JSON.parse(stdout)
}

/** Prints the figure that the example is about, as JSON on the last line too. */
export function report(result) {
  for (const [name, value] of Object.entries(result)) console.log(`${name}: ${value}`)
  console.log(JSON.stringify(result))
}
