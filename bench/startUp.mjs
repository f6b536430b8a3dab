// Start-up of the command line beside Node alone: seconds that pass in `bitbench --help`, `bitbench --version`
// and `node -e 0`, taken in turn: median and least, and the mean of processor time (Linux), which a loaded machine does not stretch. Usage: npm run bench:start-up [-- ROUNDS]
import { spawnSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { childSeconds } from './childSeconds.mjs'

const entry = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), 'bin/bitbench.mjs')
const commands = {
  'node -e 0': ['-e', '0'],
  'bitbench --help': [entry, '--help'],
  'bitbench --version': [entry, '--version']
}
const rounds = Number(process.argv[2] ?? 15)

/** Seconds that one run takes, and those of the processor. */
function secondsOf(args) {
  const [startedMs, before] = [performance.now(), childSeconds()]
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' })
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`)
  return { passed: (performance.now() - startedMs) / 1000, processor: childSeconds() - before }
}

const found = new Map(Object.keys(commands).map((name) => [name, []]))
// The first run may build what is stale.
secondsOf(commands['bitbench --version'])
for (let round = 0; round < rounds; round++)
  for (const [name, args] of Object.entries(commands)) found.get(name).push(secondsOf(args))
console.log(`${cpus()[0].model}, ${cpus().length} threads, load ${loadavg()[0].toFixed(1)}, ${rounds} rounds`)
for (const [name, runs] of found) {
  const passed = runs.map((run) => run.passed).sort((a, b) => a - b)
  const processor = runs.reduce((sum, run) => sum + run.processor, 0) / rounds
  console.log(
    `${name.padEnd(20)} median ${passed[rounds >> 1].toFixed(2)} s, least ${passed[0].toFixed(2)} s, processor ${processor.toFixed(2)} s`
  )
}
