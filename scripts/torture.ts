// A random, seeded mix of clients and faults against a real `bitbench serve`: hostile sockets, kill -9, signals, a full
// disk, damaged ONNX and CSV files, damaged nvidia-smi lines, boards that return wrong data. What clients received
// as done is kept in a journal and looked for after every restart.
//   npm run torture -- [--minutes 10] [--seed 1]
// Prints how many faults were injected, survived, and ended in a complaint. Exit 1 on a complaint.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { torture } from '../test/support/torture/torture'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: '1' } }
})
const folder = mkdtempSync(path.join(tmpdir(), 'bitbench-torture-'))
const seconds = 60 * Number(values.minutes)
try {
  const log = (line: string): void => void process.stderr.write(`  ${line}\n`)
  const report = await torture({ seconds, seed: Number(values.seed), folder, log })
  const faults = [...report.injected].sort((a, b) => b[1] - a[1])
  const total = faults.reduce((sum, [, times]) => sum + times, 0)
  for (const [name, times] of faults) console.log(`${String(times).padStart(6)}  ${name}`)
  for (const reason of report.skipped) console.log(`SKIPPED ${reason}`)
  for (const complaint of report.complaints) console.log(`COMPLAINT ${complaint}`)
  console.log(
    `${total} faults injected: ${report.survived} survived, ${report.complained} ended in a complaint; ` +
      `${report.facts} announced facts looked for.`
  )
  process.exitCode = report.complaints.length === 0 ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
