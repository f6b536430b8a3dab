/**
 * Cycle models beside RTL: `npm run bench:rtl -- [--json] [--rows FOLDER] [--halves N] [--picorv32 FILE]`.
 *
 * For every file of measured rows (those of bench/rtl/measured and of FOLDER), runs on the virtual board of that core the
 * kernels that the RTL ran (from the history of the repository) and prints the mean and largest error of its cycles, then
 * the same with the present kernels; then fits a twin on random halves of the rows (and on all shapes but one) and prints
 * its error on the rows it has not seen.
 * `--picorv32 picorv32.v` measures the present kernels on that core under Verilator instead: ten minutes for its four forms.
 * Exit 1: a core is worse than 5 % mean or 10 % max on the kernels that the RTL ran, or a twin than 8 % mean on unseen
 * halves.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TwinRow } from '@core/twin/fittedTwin'
import { fitTwin, shuffledIndices, twinErrors, type TwinErrors } from '@core/twin/fitTwin'
import { KernelCounter } from '@core/twin/kernelEvents'
import { benchOf, rowMacs } from '@core/twin/kernelRows'
import { measuredCores } from '@core/twin/measuredCores'
import { memoryShapes } from '@core/twin/structure'
import type { CodeForm } from '@core/twin/twinMachine'
import { firmwareAt, presentFirmware } from './rtl/firmware'
import { measurePicorv32 } from './rtl/measurePicorv32'
import { compareCore, readRtlRows, type CoreComparison, type RtlRow, type RtlRows } from './rtl/rows'
import { readFlags, whole } from './flags'

const bars = { coreMean: 0.05, coreMax: 0.1, twinMean: 0.08 }

const { values: options } = readFlags(
  {
    options: {
      json: { type: 'boolean', default: false },
      rows: { type: 'string', default: '../shared/data/rtl-cycles' },
      halves: { type: 'string', default: '5' },
      picorv32: { type: 'string' }
    }
  },
  { halves: whole() }
)
const measuresNow = options.picorv32 !== undefined
const folder = path.resolve(options.rows)
if (!measuresNow && !existsSync(folder))
  console.error(`There are no shared RTL rows in ${folder}: only those of bench/rtl/measured are judged.`)

const present = presentFirmware()
const counters = new Map<CodeForm, { counter: KernelCounter; events: Map<string, TwinRow['events']> }>()

/** The rows of a file beside what the simulator counts for them; each kernel is counted once. */
function twinRows(rows: readonly RtlRow[], form: CodeForm): TwinRow[] {
  let known = counters.get(form)
  if (known === undefined) {
    known = { counter: new KernelCounter(present, form, memoryShapes), events: new Map() }
    counters.set(form, known)
  }
  return rows.map((row) => {
    const bench = benchOf(row)
    const key = JSON.stringify(bench)
    const events = known.events.get(key) ?? known.counter.count(bench)
    known.events.set(key, events)
    return { events, macs: rowMacs(row), cyclesPerMac: row.cyclesPerMac }
  })
}

/** Errors on unseen rows of twins fitted on the others. */
function holdoutErrors(
  rows: readonly RtlRow[],
  counted: readonly TwinRow[],
  halves: number
): Record<string, TwinErrors> {
  const found: Record<string, TwinErrors> = {}
  const judge = (name: string, isSeen: (index: number) => boolean): void => {
    const twin = fitTwin(
      counted.filter((_, index) => isSeen(index)),
      1
    )
    found[name] = twinErrors(
      twin,
      counted.filter((_, index) => !isSeen(index))
    )
  }
  for (let seed = 1; seed <= halves; seed++) {
    const half = new Set(shuffledIndices(counted.length, seed).slice(0, counted.length >> 1))
    judge(`half ${seed}`, (index) => half.has(index))
  }
  const shapes = [...new Set(rows.map(({ shape }) => shape))]
  for (const shape of shapes) judge(`without ${shape}`, (index) => rows[index].shape !== shape)
  return found
}

interface RtlResult {
  name: string
  core: string | null
  rows: number
  /** With the kernels that the RTL ran; null without a virtual board or without those kernels. */
  board: CoreComparison | null
  /** With the present kernels. */
  present: CoreComparison | null
  twins: Record<string, TwinErrors>
}

async function readOrMeasure(): Promise<RtlRows[]> {
  if (options.picorv32 === undefined)
    return ['bench/rtl/measured', folder].filter((one) => existsSync(one)).flatMap(readRtlRows)
  const work = mkdtempSync(path.join(tmpdir(), 'bitbench-rtl-'))
  try {
    return await measurePicorv32(path.resolve(options.picorv32), work, (line) => console.error(line))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

const results = (await readOrMeasure()).map(({ name, core, firmwareCommit, rows }): RtlResult => {
  const measuredFirmware = firmwareCommit === null ? present : firmwareAt(firmwareCommit)
  if (measuredFirmware === null)
    console.error(
      `${name}: ${firmwareCommit} is not in the history of this checkout: its core is not judged.`
    )
  const form = core === null ? 'rv32im' : measuredCores[core].form
  return {
    name,
    core,
    rows: rows.length,
    board: core === null || measuredFirmware === null ? null : compareCore(core, rows, measuredFirmware),
    present: core === null ? null : compareCore(core, rows, present),
    twins: holdoutErrors(rows, twinRows(rows, form), Number(options.halves))
  }
})

const missed = results.flatMap(({ name, board, twins }) => [
  ...(board !== null && (board.mean > bars.coreMean || board.max > bars.coreMax)
    ? [`${name}: virtual board`]
    : []),
  ...Object.entries(twins)
    .filter(([split, { mean }]) => split.startsWith('half') && mean > bars.twinMean)
    .map(([split]) => `${name}: twin, ${split}`)
])
if (options.json) console.log(JSON.stringify({ bars, results, missed }, null, 2))
else {
  const show = ({ mean, max }: TwinErrors): string =>
    `${(100 * mean).toFixed(2).padStart(6)} % mean ${(100 * max).toFixed(2).padStart(6)} % max`
  const showCore = (comparison: CoreComparison, rows: number): string =>
    `${show(comparison)}, ${comparison.sameCodeRows} of ${rows} rows as many instructions as the RTL`
  for (const { name, core, rows, board, present: today, twins } of results) {
    console.log(`\n${name}, ${rows} rows${core === null ? '' : `, virtual:${core}`}`)
    if (board !== null) console.log(`  kernels that the RTL ran       ${showCore(board, rows)}`)
    if (today !== null && !measuresNow)
      console.log(`  present kernels                ${showCore(today, rows)}`)
    for (const [split, errors] of Object.entries(twins))
      console.log(`  twin, ${split.padEnd(25)} ${show(errors)}`)
  }
  console.log(missed.length === 0 ? '\nevery bar is met' : `\nmissed: ${missed.join('; ')}`)
}
process.exitCode = missed.length === 0 ? 0 : 1
