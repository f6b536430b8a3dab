// Connects, talks to, unplugs and reconnects the virtual board for an hour and prints whether anything grows:
//   npm run soak:boards -- [--minutes 60] [--per-second 2] [--report-seconds 60]
// One line a report: rounds, heap and rss in MiB after a collection, open handles, file descriptors, threads. Exit 1 when
// the heap grew by more than `maxGrowth` per thousand rounds, or a handle or descriptor was left behind.
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { Link } from '../src/main/board/links/link'
import { createBoardAdapters } from '../src/main/board/boardAdapters'
import { resourcePath } from '../src/main/paths'
import { AppError } from '../src/shared/errors'
import { spawn } from 'node:child_process'
import { createBoardBench, virtualBoardWorker } from '../test/support/boardBench'
import { testCores } from '../test/support/rtl/verilated'
import { createUnpluggable } from '../test/support/unpluggable'
import { collectGarbage } from './collectGarbage'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    'per-second': { type: 'string', default: '2' },
    'report-seconds': { type: 'string', default: '60' }
  }
})
/** MiB of heap per thousand rounds; a forgotten connection alone (console, session, decoder) is 20 KiB, 20 MiB. */
const maxGrowth = 0.5
const id = 'virtual:small'

/** Rounds that a busy computer spoiled (a start or a reply that came too late): counted, cleaned up after, not hidden. */
let spoiled = 0

interface Report {
  minutes: number
  rounds: number
  heapMib: number
  rssMib: number
  handles: number
  descriptors: number
  threads: number
}

const openedLinks: { unplug(): Promise<void> }[] = []
const adapters = createBoardAdapters({
  firmwareFile: resourcePath('firmware', 'build', 'monitor.elf'),
  workerFile: await virtualBoardWorker(),
  spawn,
  flashFolder: path.join(tmpdir(), `bitbench-flash-${process.pid}`),
  cores: testCores,
  findProgram: async () => null
})
const bench = await createBoardBench({
  async openVirtual(preset, zbb): Promise<Link> {
    const made = createUnpluggable(await adapters.openVirtual(preset, zbb))
    openedLinks.push(made)
    return made.link
  },
  listPorts: async () => []
})

async function round(number: number): Promise<void> {
  try {
    await connectAndLeave(number)
  } catch (error) {
    const { code } = AppError.from(error)
    if (!['board.timeout', 'board.notMonitor', 'board.disconnected'].includes(code)) throw error
    spoiled++
    await bench.boards.disconnect(id)
  }
  // The console keeps up to 4 MiB by design; filling it would hide what grows without a bound.
  await bench.boards.handlers['board.clearConsole']({ id }, { signal: new AbortController().signal })
  openedLinks.length = 0
  bench.events.length = 0
}

/** Connect, talk, and every third time lose the plug and come back before leaving. */
async function connectAndLeave(number: number): Promise<void> {
  await bench.boards.connect(id)
  await bench.boards.withLease(id, 'soak', async (session) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => (at + number) & 0xff)
    const echoed = await session.echo(bytes)
    if (Buffer.compare(echoed, bytes) !== 0) throw new Error(`round ${number}: the echo differs`)
  })
  if (number % 3 === 0) {
    const cut = bench.boards.withLease(id, 'soak', (session) =>
      session.upload(session.info.ram.low, new Uint8Array(100_000))
    )
    const ended = cut.then(
      () => 'whole',
      () => 'cut'
    )
    await openedLinks.at(-1)!.unplug()
    await ended
    await bench.boards.waitUntilConnected(id, 30_000)
    await bench.boards.withLease(id, 'soak', (session) => session.echo(Uint8Array.of(1, 2, 3)))
  }
  await bench.boards.disconnect(id)
}

async function report(startMs: number, rounds: number): Promise<Report> {
  // Twice, with a turn in between: finalizers of the first collection free what the second one counts.
  collectGarbage()
  await new Promise((resolve) => setTimeout(resolve, 50))
  collectGarbage()
  const { heapUsed, rss } = process.memoryUsage()
  const count = (folder: string): number => (process.platform === 'linux' ? readdirSync(folder).length : 0)
  return {
    minutes: (performance.now() - startMs) / 60_000,
    rounds,
    heapMib: heapUsed / 2 ** 20,
    rssMib: rss / 2 ** 20,
    handles: process.getActiveResourcesInfo().length,
    descriptors: count('/proc/self/fd'),
    threads: count('/proc/self/task')
  }
}

/** Least-squares slope of `of` over thousands of rounds. */
function slopePerThousand(reports: readonly Report[], of: (report: Report) => number): number {
  const n = reports.length
  const x = reports.map((one) => one.rounds / 1000)
  const meanX = x.reduce((sum, value) => sum + value, 0) / n
  const meanY = reports.reduce((sum, one) => sum + of(one), 0) / n
  let above = 0
  let below = 0
  for (const [at, one] of reports.entries()) {
    above += (x[at]! - meanX) * (of(one) - meanY)
    below += (x[at]! - meanX) ** 2
  }
  return below === 0 ? 0 : above / below
}

const runMs = Number(values.minutes) * 60_000
const roundMs = 1000 / Number(values['per-second'])
const reportMs = Number(values['report-seconds']) * 1000
// The first rounds fill caches and compile code; the fit begins behind them.
for (let number = 1; number <= 20; number++) await round(number)
const startMs = performance.now()
const reports = [await report(startMs, 0)]
const print = (one: Report): void =>
  console.log(
    `${one.minutes.toFixed(1).padStart(5)} min ${String(one.rounds).padStart(6)} rounds  heap ${one.heapMib.toFixed(2)} MiB  rss ${one.rssMib.toFixed(1)} MiB  ${one.handles} handles  ${one.descriptors} descriptors  ${one.threads} threads`
  )
print(reports[0]!)
for (let number = 1, nextReportMs = reportMs; performance.now() - startMs < runMs; number++) {
  const dueMs = startMs + number * roundMs
  await round(number)
  if (performance.now() - startMs >= nextReportMs) {
    reports.push(await report(startMs, number))
    print(reports.at(-1)!)
    nextReportMs += reportMs
  }
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())))
}

const first = reports[0]!
const last = reports.at(-1)!
const heapSlope = slopePerThousand(reports, (one) => one.heapMib)
const rssSlope = slopePerThousand(reports, (one) => one.rssMib)
console.log(
  `${last.rounds} rounds, ${spoiled} spoiled by time-outs; per thousand rounds: heap ${heapSlope.toFixed(3)} MiB, rss ${rssSlope.toFixed(2)} MiB; handles ${last.handles - first.handles}, descriptors ${last.descriptors - first.descriptors}, threads ${last.threads - first.threads}`
)
await bench.close()
const leaks = heapSlope > maxGrowth || last.handles > first.handles || last.descriptors > first.descriptors
console.log(leaks ? 'GROWS' : 'flat')
process.exit(leaks ? 1 : 0)
