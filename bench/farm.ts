/**
 * A lab that does not exist (docs/workers.md): hosts that hold boards under leases and idle workers, all in this process, on a
 * redis-server that it starts itself on the loopback address. Prints what each size costs and what is used up first.
 *
 *   npm run bench:farm -- [--boards 1000] [--hosts 50] [--workers 200] [--factors 0.5,1,2,4] [--seconds 10] [--json]
 *
 * Ends by itself: factors x (set-up + seconds). Needs redis-server. Ends with 1 where a lease of the size itself was lost.
 */
import { execFileSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { measureFarm, openFileLimit, type FarmCost } from './farm/farmLoad'
import { listOf, positive, readFlags } from './flags'

const { values } = readFlags(
  {
    options: {
      boards: { type: 'string', default: '1000' },
      hosts: { type: 'string', default: '50' },
      workers: { type: 'string', default: '200' },
      factors: { type: 'string', default: '0.5,1,2,4' },
      seconds: { type: 'string', default: '10' },
      json: { type: 'boolean', default: false }
    }
  },
  { factors: listOf(positive()) }
)
const [boards, hosts, workers, seconds] = [values.boards, values.hosts, values.workers, values.seconds].map(
  Number
)
const factors = values.factors.split(',').map(Number)
if (
  ![boards, hosts, workers].every((count) => Number.isInteger(count) && count! >= 1 && count! <= 20_000) ||
  !(seconds! >= 1 && seconds! <= 60) ||
  factors.length > 8 ||
  !factors.every((factor) => factor > 0 && factor <= 20)
) {
  console.error(
    '--boards, --hosts and --workers are whole numbers, --seconds 1 to 60, --factors up to eight numbers'
  )
  process.exit(2)
}
try {
  execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
} catch {
  console.error('There is no redis-server: apt-get install redis-server')
  process.exit(2)
}

const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} threads, load ${loadavg()[0]!.toFixed(1)} at the start`
const rows: (FarmCost | { boards: number; workers: number; failure: string })[] = []
for (const factor of factors) {
  const scaled = (count: number): number => Math.max(1, Math.round(count * factor))
  const size = { boards: scaled(boards!), hosts: scaled(hosts!), workers: scaled(workers!) }
  try {
    rows.push(await measureFarm(size, seconds!))
  } catch (reason) {
    rows.push({ ...size, failure: reason instanceof Error ? reason.message : String(reason) })
    break
  }
}
const limits = { openFiles: openFileLimit() }
if (values.json) console.log(JSON.stringify({ machine, limits, rows }, null, 2))
else print()
process.exitCode = rows.some((row) => 'failure' in row || row.lost > 0) ? 1 : 0

function print(): void {
  console.log(`${machine}; ${seconds} s each`)
  console.log(
    '| boards | hosts | workers | leases lost | commands/s | server, of a processor | all clients | connections | server MiB | lease taken in ms (95 %) | list ms |'
  )
  console.log('|---|---|---|---|---|---|---|---|---|---|---|')
  for (const row of rows) {
    if ('failure' in row) {
      console.log(`${row.boards} boards, ${row.workers} workers: ${row.failure}`)
      continue
    }
    const cells = [
      ...[row.boards, row.hosts, row.workers, row.lost, Math.round(row.commandsPerSecond)],
      ...[percent(row.serverLoad), percent(row.clientLoad), `${row.connections} of ${row.maxConnections}`],
      ...[row.serverMiB.toFixed(1), `${row.takeMs.median.toFixed(1)} (${row.takeMs.p95.toFixed(1)})`],
      row.listMs.toFixed(0)
    ]
    console.log(`| ${cells.join(' | ')} |`)
    if (row.listedLeases !== row.boards || row.listedWorkers !== row.workers)
      console.log(`listed: ${row.listedLeases} leases, ${row.listedWorkers} workers`)
  }
  console.log(firstLimit())
}

/** What is used up first when the largest size that was measured grows on as it did. */
function firstLimit(): string {
  const last = rows.filter((row): row is FarmCost => !('failure' in row)).at(-1)
  if (last === undefined) return 'no size could be measured'
  const room = [
    { what: 'connections of the server (maxclients)', times: last.maxConnections / last.connections },
    { what: 'the one thread of the server', times: 1 / last.serverLoad }
  ].sort((a, b) => a.times - b.times)
  return room
    .map(
      ({ what, times }) =>
        `${what}: at ${Math.round(last.boards * times)} boards and ${Math.round(last.workers * times)} workers`
    )
    .join('; ')
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}
