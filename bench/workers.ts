/**
 * Workers on a queue server (docs/workers.md), on a redis-server that it starts itself: the same search with 0 (one thread of
 * this process), 1, 2 and 4 worker processes of one job each, what the queue costs per job of a trivial task, and the memory of
 * owner and server while 10,000 jobs are requested at once.
 *
 *   npm run bench:workers -- [--network lenet5-fashion] [--evaluations 32] [--jobs 10000] [--processes 0,1,2,4] [--json]
 *
 * --network is a file of resources/models without its ending; --jobs 0 leaves out the trivial task. Critical paths are by the
 * processor time of the worker processes, which other work does not change much.
 *
 * Two plain busy loops in the same run say what the machine gives: where they get less than 1.9 times one loop, its processors
 * are not idle, and the bar is the share of what they get.
 *
 * Needs a build (node scripts/build.mjs) and redis-server. Ends with 1 where a bar is missed.
 */
import { execFileSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { busyLoopSpeedUp } from './workers/busyLoops'
import { measureOverhead, type QueueOverhead } from './workers/overhead'
import { timedSearch, type TimedSearch } from './workers/timedSearch'
import { listOf, readFlags, whole } from './flags'

/** Overhead per job, ms, and memory while the jobs are on their way, MiB. */
const bars = { overheadMs: 10, ownerMiB: 64, ownerLeftMiB: 8, serverMiB: 64 }
/** Of the processors in use: 1.8 on two idle ones. */
const speedUpPerProcessor = 0.9
/** Share of the processors that busy loops get on an idle machine. */
const idleShare = 0.95
/** Share below which other work moves both ratios by more than the bar: nothing is judged. */
const judgedShare = 0.75

const { values } = readFlags(
  {
    options: {
      network: { type: 'string', default: 'lenet5-fashion' },
      evaluations: { type: 'string', default: '32' },
      jobs: { type: 'string', default: '10000' },
      processes: { type: 'string', default: '0,1,2,4' },
      json: { type: 'boolean', default: false }
    }
  },
  { evaluations: whole(), jobs: whole(0), processes: listOf(whole(0)) }
)

interface Bar {
  readonly name: string
  readonly value: number
  readonly bar: string
  readonly isMet: boolean
}

const counts = values.processes.split(',').map(Number)
const evaluations = Number(values.evaluations)
const jobs = Number(values.jobs)
if (![...counts, evaluations, jobs].every(Number.isInteger) || evaluations < 2 || jobs < 0) {
  console.error('--evaluations, --jobs and --processes are whole numbers')
  process.exit(2)
}
try {
  execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
} catch {
  console.error('There is no redis-server: apt-get install redis-server')
  process.exit(2)
}

const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} threads, load ${loadavg()[0]!.toFixed(1)} at the start`
const searches: TimedSearch[] = []
/** Of busy loops, measured right after the search of as many processes. */
const loopSpeedUps = new Map<number, number>()
for (const processes of counts) {
  searches.push(await timedSearch(processes, evaluations, values.network))
  if (processes >= 2 && processes <= cpus().length)
    loopSpeedUps.set(processes, await busyLoopSpeedUp(processes))
}
const overhead = jobs === 0 ? null : await measureOverhead(200, jobs)

const reference = searches[0]!
const rows = searches.map(({ processes, wallSeconds, jobSeconds, account }) => ({
  processes,
  account,
  wallSeconds,
  jobSeconds,
  speedUp: reference.wallSeconds / wallSeconds,
  loopSpeedUp: loopSpeedUps.get(processes) ?? null
}))
const isSameTrace = searches.every(({ trace }) => trace === reference.trace)
const checks = [
  ...rows.flatMap(({ processes, speedUp }) => speedUpBar(processes, speedUp)),
  ...(overhead === null ? [] : overheadBars(overhead))
]
const result = {
  machine,
  network: values.network,
  evaluations,
  searches: rows,
  isSameTrace,
  overhead,
  bars: checks
}
if (values.json) console.log(JSON.stringify(result, null, 2))
else print()
process.exitCode = isSameTrace && (overhead?.wrong ?? 0) === 0 && checks.every(({ isMet }) => isMet) ? 0 : 1

function overheadBars({
  roundTripMs,
  perJobMs,
  ownerHeapBytes,
  ownerLeftBytes,
  serverGrowthBytes
}: QueueOverhead): Bar[] {
  return [
    below('overhead per job, one at a time (median), ms', roundTripMs.median, bars.overheadMs),
    below(`overhead per job, ${jobs} at once, ms`, perJobMs, bars.overheadMs),
    below('owner: live heap with all jobs requested, MiB', ownerHeapBytes / 2 ** 20, bars.ownerMiB),
    below('owner: live heap left afterwards, MiB', ownerLeftBytes / 2 ** 20, bars.ownerLeftMiB),
    below('server: growth of its memory, MiB', serverGrowthBytes / 2 ** 20, bars.serverMiB)
  ]
}

/** Judged up to one process per processor: more cannot be faster. On processors that are not idle, against busy loops. */
function speedUpBar(processes: number, speedUp: number): Bar[] {
  const loops = loopSpeedUps.get(processes)
  if (reference.processes !== 0 || loops === undefined || loops < judgedShare * processes) return []
  const isIdle = loops >= idleShare * processes
  const value = isIdle ? speedUp : speedUp / loops
  const least = isIdle ? speedUpPerProcessor * processes : speedUpPerProcessor
  const what = isIdle ? '' : `, as a share of the ${loops.toFixed(2)} that ${processes} busy loops get here`
  return [
    {
      name: `speed-up with ${processes} processes${what}`,
      value,
      bar: `at least ${least.toFixed(1)}`,
      isMet: value >= least
    }
  ]
}

function below(name: string, value: number, bar: number): Bar {
  return { name, value, bar: `below ${bar}`, isMet: value < bar }
}

function print(): void {
  console.log(`${machine}; ${values.network}, ${evaluations} evaluations, batches of 4`)
  for (const { processes, wallSeconds, jobSeconds, speedUp, loopSpeedUp, account } of rows) {
    const who =
      processes === 0 ? 'local, one thread' : `${processes} worker process${processes > 1 ? 'es' : ''}`
    console.log(
      `${who}: ${wallSeconds.toFixed(2)} s, evaluations ${jobSeconds.toFixed(2)} s, ratio ${speedUp.toFixed(2)}${loopSpeedUp === null ? '' : `; ${processes} busy loops: ${loopSpeedUp.toFixed(2)}`}`
    )
    if (account !== null)
      console.log(
        `  of processors: computing ${account.computeSeconds.toFixed(2)} s, workers' messages ${account.messageSeconds.toFixed(2)} s, critical path ${account.criticalSeconds.toFixed(2)} s`
      )
  }
  console.log(`traces ${isSameTrace ? 'equal' : 'DIFFER'}`)
  if (overhead !== null) console.log(overheadText(overhead))
  for (const { processes, loopSpeedUp } of rows)
    if (loopSpeedUp !== null && loopSpeedUp < judgedShare * processes)
      console.log(
        `not judged: speed-up with ${processes} processes; busy loops get ${loopSpeedUp.toFixed(2)}`
      )
  for (const { name, value, bar, isMet } of checks)
    console.log(`${isMet ? 'met' : 'MISSED'}: ${name} ${value.toFixed(2)} (${bar})`)
}

function overheadText(overhead: QueueOverhead): string {
  const { roundTripMs, perJobMs, processorMs, ownerResidentBytes } = overhead
  return `trivial task: round trip ${roundTripMs.median.toFixed(2)} ms (95 %: ${roundTripMs.p95.toFixed(2)} ms), ${overhead.jobs} at once ${perJobMs.toFixed(2)} ms per job (processor time: owner ${processorMs.owner.toFixed(2)} ms, server ${processorMs.server.toFixed(2)} ms), at most ${overhead.maxOnServer} on the server, ${overhead.wrong} wrong results, owner's resident memory up by ${(ownerResidentBytes / 2 ** 20).toFixed(0)} MiB`
}
