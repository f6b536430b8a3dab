// Prints what a monitor image says of itself in its hello, as JSON, by running it on the largest virtual board:
//   node scripts/runTs.mjs scripts/monitorHello.ts monitor.elf
import { readFileSync } from 'node:fs'
import { readMonitorHello } from '../test/support/monitorHello'

const { kernels, ...board } = await readMonitorHello(readFileSync(process.argv[2] ?? ''))
// A kernel a line, so that a change shows which.
const lines = kernels.map((kernel) => ` ${JSON.stringify(kernel)}`).join(',\n')
console.log(`${JSON.stringify(board).slice(0, -1)},"kernels":[\n${lines}\n]}`)
