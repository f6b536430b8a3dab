/**
 * Every page query and export on a data file of 10 M Samples and a recording of 24 h at 100 Hz on 8 GPUs, while another
 * client goes on calling: time, longest wait of the other client, resident memory of the host, against the bars.
 *
 *   npm run bench:large -- [--rows 10000000] [--hours 24] [--hz 100] [--gpus 8] [--folder DIR] [--part PART] [--json]
 *
 * The file is made by SQL in a temporary folder, or kept in --folder and used again by the next run. With --folder the parts can
 * run one at a time: `data` makes the file, `once` the summary and the energy that are kept in it afterwards, `queries` the page
 * queries, `exports` the two exports. Progress with the time since the start goes to stderr.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { composeBitbench } from '../src/main/compose'
import type { CommandName } from '../src/shared/contract'
import { formatBytes } from '../src/shared/units'
import { startHost } from './large/hostProcess'
import { boardId, campaignId, exportedBoardId, makeData, recordingId } from './large/makeData'
import { measure, type Measured } from './large/measure'
import { positive, readFlags, whole } from './flags'

const longestCallMs = 600_000
/** Seconds of a page query and of an export, longest wait of another client, memory of the host. */
const bars = { querySeconds: 1, waitMs: 100, bytes: 600e6, exportSeconds: 5, exportGrowthBytes: 300e6 }

const { values } = readFlags(
  {
    options: {
      rows: { type: 'string', default: '10000000' },
      hours: { type: 'string', default: '24' },
      hz: { type: 'string', default: '100' },
      gpus: { type: 'string', default: '8' },
      folder: { type: 'string' },
      part: { type: 'string', default: 'all' },
      json: { type: 'boolean', default: false }
    }
  },
  { rows: whole(), hours: positive(), hz: positive(), gpus: whole() }
)
const size = {
  rows: Number(values.rows),
  hours: Number(values.hours),
  hz: Number(values.hz),
  gpus: Number(values.gpus)
}
const parts = ['data', 'once', 'queries', 'exports'] as const
type Part = (typeof parts)[number]
if (values.part !== 'all' && !parts.includes(values.part as Part))
  throw new Error(`There is no part ${values.part}: all, ${parts.join(', ')}.`)
const isChosen = (part: Part): boolean => values.part === 'all' || values.part === part
const beganMs = performance.now()
const report = (text: string): void =>
  void process.stderr.write(`[${((performance.now() - beganMs) / 1000).toFixed(0)} s] ${text}\n`)
const heading =
  `${size.rows} Samples; ${size.hours} h at ${size.hz} Hz on ${size.gpus} GPUs\n` +
  'query                            seconds  longest wait ms  memory      growth      misses'
// Otherwise the host builds the program first, and keeps the memory of that.
execFileSync(process.execPath, ['scripts/build.mjs', '--if-stale'], { stdio: 'ignore' })
const folder = values.folder ?? mkdtempSync(path.join(tmpdir(), 'bitbench-large-'))
try {
  if (!existsSync(path.join(folder, 'bitbench.duckdb'))) {
    const bitbench = await composeBitbench({ host: 'cli', dataFolder: folder })
    await makeData(bitbench.store, size, report)
    await bitbench.close()
    report('the data file is made')
  }
  if (!values.json && values.part !== 'data') console.log(heading)
  const measured = values.part === 'data' ? [] : await measureAll()
  if (values.json) console.log(JSON.stringify({ size, bars, measured }, null, 2))
  else if (measured.length > 0) console.log(`\n${barLines(measured).join('\n')}`)
  if (measured.some((row) => missed(row).length > 0)) process.exitCode = 1
} finally {
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true })
}

async function measureAll(): Promise<Measured[]> {
  const host = await startHost(folder)
  const out: Measured[] = []
  const add = async (what: string, name: CommandName, input: object): Promise<void> => {
    if (!isChosen(partOf(what))) return
    report(what)
    const row = await measure(host, what, () => host.call(name, input as never, longestCallMs))
    if (!values.json) console.log(lineOf(row))
    out.push(row)
  }
  const durationMs = size.hours * 3_600_000
  const trace = { id: recordingId, gpuIndex: 0, metric: 'powerW', buckets: 1000 }
  const queries: [string, CommandName, object][] = [
    ['first page of Samples', 'profile.samples', { boardId, limit: 1000 }],
    ['last page of Samples', 'profile.samples', { boardId, limit: 1000, offset: size.rows - 1000 }],
    ['Samples of a campaign', 'profile.samples', { campaignId, limit: 1000 }],
    ['one Sample', 'profile.samples', { id: '00000001-0000-4000-8000-000000000001', limit: 1 }],
    ['summary, made once', 'profile.summary', {}],
    ['summary of Samples', 'profile.summary', {}],
    ['campaigns', 'profile.campaigns', {}],
    ['data file', 'store.info', {}],
    ['recording', 'gpu.recording', { id: recordingId }],
    ['trace, whole', 'gpu.recordingTrace', trace],
    [
      'trace, 10 s',
      'gpu.recordingTrace',
      { ...trace, fromMs: durationMs / 2, toMs: durationMs / 2 + 10_000 }
    ],
    [
      'selection of 10 s',
      'energy.stretch',
      { recordingId, gpuIndex: 0, fromMs: durationMs / 2, toMs: durationMs / 2 + 10_000 }
    ],
    ['selection of all', 'energy.stretch', { recordingId, gpuIndex: 0, fromMs: 0, toMs: durationMs }],
    ['energy, made once', 'energy.report', { recordingId }],
    ['energy', 'energy.report', { recordingId }]
  ]
  try {
    for (const query of queries) await add(...query)
    for (const format of ['csv', 'parquet'] as const) {
      const request = { boardId: exportedBoardId, format, path: path.join(folder, `samples.${format}`) }
      await add(`export of 1 M Samples, ${format}`, 'profile.export', request)
    }
    return out
  } finally {
    await host.stop()
  }
}

function partOf(what: string): Part {
  if (what.startsWith('export')) return 'exports'
  return what.endsWith('made once') ? 'once' : 'queries'
}

/** Both are kept in the data file: their first making, over all that SQL wrote at once, is no query of a page. */
function isOnce({ what }: Measured): boolean {
  return what.endsWith('made once')
}

function isExport({ what }: Measured): boolean {
  return what.startsWith('export')
}

/** A bar: what it is, the rows it is for, and the limit. */
interface Bar {
  what: string
  isFor(row: Measured): boolean
  of(row: Measured): number | null
  limit: number
  text(value: number): string
}

/** Every bar with the worst row and whether it holds. */
function barLines(rows: readonly Measured[]): string[] {
  return barList().map((bar) => {
    const values = rows.filter((row) => bar.isFor(row)).flatMap((row) => bar.of(row) ?? [])
    if (values.length === 0) return `${bar.what.padEnd(34)} not measured`
    const worst = Math.max(...values)
    const verdict = worst <= bar.limit ? 'holds' : 'MISSED'
    return `${bar.what.padEnd(34)} ${verdict}: ${bar.text(worst)}, at most ${bar.text(bar.limit)}`
  })
}

/** The bars a row misses, by name. */
function missed(row: Measured): string[] {
  return barList()
    .filter((bar) => bar.isFor(row) && (bar.of(row) ?? 0) > bar.limit)
    .map(({ what }) => what)
}

function barList(): Bar[] {
  const seconds = (value: number): string => `${value.toFixed(2)} s`
  return [
    {
      what: 'time of a page query',
      isFor: (row) => !isExport(row) && !isOnce(row),
      of: (row) => row.seconds,
      limit: bars.querySeconds,
      text: seconds
    },
    {
      what: 'time of an export',
      isFor: isExport,
      of: (row) => row.seconds,
      limit: bars.exportSeconds,
      text: seconds
    },
    {
      what: 'wait of another client',
      isFor: () => true,
      of: (row) => row.longestWaitMs,
      limit: bars.waitMs,
      text: (value) => `${value.toFixed(0)} ms`
    },
    {
      what: 'memory of the host',
      isFor: () => true,
      of: (row) => row.peakBytes,
      limit: bars.bytes,
      text: formatBytes
    },
    {
      what: 'growth of the host in an export',
      isFor: isExport,
      of: (row) => row.growthBytes,
      limit: bars.exportGrowthBytes,
      text: formatBytes
    }
  ]
}

function lineOf(row: Measured): string {
  const bytes = (value: number | null): string => (value === null ? 'unknown' : formatBytes(value)).padEnd(11)
  return (
    `${row.what.padEnd(32)} ${row.seconds.toFixed(3).padStart(7)}  ${row.longestWaitMs.toFixed(0).padStart(15)}  ` +
    `${bytes(row.peakBytes)} ${bytes(row.growthBytes)} ${missed(row).join(', ')}`
  )
}
