// Seeded sessions over hostile lines (drop, flip, duplicate, garbage, split, reorder, repeat, delay, cut, stuck) against the
// shipped monitor on the simulator, in virtual time:
//   npm run hostile -- [--sessions 10000] [--first 1]
// Prints how the sessions ended, the longest one, and how many faults of each kind really happened. Exit 1 on a complaint.
import { parseArgs } from 'node:util'
import { HostileLine, maxSessionMs } from '../test/support/hostileSessions'

const { values } = parseArgs({
  options: { sessions: { type: 'string', default: '10000' }, first: { type: 'string', default: '1' } }
})
const sessions = Number(values.sessions)
const first = Number(values.first)
const endings = new Map<string, number>()
const faults = new Map<string, number>()
const count = (into: Map<string, number>, name: string, by: number): unknown =>
  into.set(name, (into.get(name) ?? 0) + by)
let complaints = 0
let longestMs = 0
const startMs = performance.now()

const line = new HostileLine()
for (let seed = first; seed < first + sessions; seed++) {
  const outcome = await line.session(seed)
  count(endings, outcome.ending, 1)
  for (const [name, times] of Object.entries(outcome.injected)) count(faults, name, times)
  longestMs = Math.max(longestMs, outcome.tookMs)
  if (outcome.complaint !== null) {
    complaints++
    console.log(`seed ${seed} (${outcome.kind}, ${outcome.ending}): ${outcome.complaint}`)
  }
  if ((seed - first + 1) % 1000 === 0) process.stderr.write(`  ${seed - first + 1} sessions\n`)
}

const list = (counts: Map<string, number>): string =>
  [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([name, times]) => `${name} ${times}`)
    .join(', ')
console.log(
  `${sessions} sessions in ${((performance.now() - startMs) / 1000).toFixed(0)} s: ${list(endings)}`
)
console.log(`faults: ${list(faults)}`)
console.log(
  `longest session ${(longestMs / 1000).toFixed(1)} s of line time (limit ${maxSessionMs / 1000} s)`
)
console.log(complaints === 0 ? 'No hang, no wrong result, nothing left behind.' : `${complaints} complaints`)
process.exitCode = complaints === 0 ? 0 : 1
