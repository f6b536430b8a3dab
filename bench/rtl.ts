/**
 * Cycle models beside RTL: `npm run bench:rtl -- [--json] [--rows FOLDER] [--halves N]`.
 *
 * For every file of measured rows, runs the same kernels on the virtual board of that core and prints the mean and largest
 * error of its cycles; then fits a twin on random halves of the rows (and on all shapes but one) and prints its error on
 * the rows it has not seen. Exit 1: a core is worse than 5 % mean or 10 % max, or a twin than 8 % mean on unseen halves.
 * Without the rows it says so and exits 3.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { TwinRow } from '@core/twin/fittedTwin'
import { fitTwin, shuffledIndices, twinErrors, type TwinErrors } from '@core/twin/fitTwin'
import { KernelCounter } from '@core/twin/kernelEvents'
import { benchOf, rowMacs, type KernelRow } from '@core/twin/kernelRows'
import { measuredCores, type MeasuredCoreName } from '@core/twin/measuredCores'
import { MonitorMachine, type TwinFirmware } from '@core/twin/monitorMachine'
import { memoryShapes } from '@core/twin/structure'
import type { CodeForm } from '@core/twin/twinMachine'

/** Which virtual board stands for which file. */
const coreOf: Readonly<Record<string, MeasuredCoreName>> = {
  'picorv32-fastmul-barrel-0wait': 'picorv32',
  'picorv32-fastmul-1wait': 'picorv32-1wait',
  'picorv32-slowmul-0wait': 'picorv32-slowmul',
  'picorv32-fastmul-compressed': 'picorv32-compressed',
  'vexriscv-full-blockram': 'vexriscv-full'
}
const bars = { coreMean: 0.05, coreMax: 0.1, twinMean: 0.08 }

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    rows: { type: 'string', default: '../shared/data/rtl-cycles' },
    halves: { type: 'string', default: '5' }
  }
})
const folder = path.resolve(options.rows)
if (!existsSync(folder)) {
  console.error(`There are no RTL rows in ${folder}; give their folder with --rows.`)
  process.exit(3)
}

const firmwareFile = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(path.join('resources', 'firmware', 'build', name)))
const firmware: TwinFirmware = {
  litexImage: firmwareFile('monitor-litex.bin'),
  monitorElf: firmwareFile('monitor.elf')
}
type Row = KernelRow & { cyclesPerMac: number }
const counters = new Map<CodeForm, { counter: KernelCounter; events: Map<string, TwinRow['events']> }>()

/** The rows of a file beside what the simulator counts for them; each kernel is counted once. */
function twinRows(rows: readonly Row[], form: CodeForm): TwinRow[] {
  let known = counters.get(form)
  if (known === undefined) {
    known = { counter: new KernelCounter(firmware, form, memoryShapes), events: new Map() }
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

/** Runs the rows on the virtual board itself. */
function coreErrors(core: MeasuredCoreName, rows: readonly Row[]): TwinErrors {
  const machine = new MonitorMachine(measuredCores[core], firmware)
  const errors = rows.map((row) => {
    const { cycles } = machine.bench({ ...benchOf(row), repetitions: 2 })
    return Math.abs(Math.max(...cycles) / rowMacs(row) / row.cyclesPerMac - 1)
  })
  return { mean: errors.reduce((sum, error) => sum + error, 0) / errors.length, max: Math.max(...errors) }
}

/** Errors on unseen rows of twins fitted on the others. */
function heldOutErrors(
  rows: readonly Row[],
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

const results = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .sort()
  .flatMap((file) => {
    const name = path.basename(file, '.json')
    const { rows } = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as { rows: Row[] }
    const core = coreOf[name] ?? null
    const form = core === null ? 'rv32im' : measuredCores[core].form
    const board = core === null ? null : coreErrors(core, rows)
    return [
      {
        name,
        core,
        rows: rows.length,
        board,
        twins: heldOutErrors(rows, twinRows(rows, form), Number(options.halves))
      }
    ]
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
  for (const { name, core, rows, board, twins } of results) {
    console.log(`\n${name}, ${rows} rows`)
    if (board !== null) console.log(`  virtual:${core!.padEnd(24)} ${show(board)}`)
    for (const [split, errors] of Object.entries(twins))
      console.log(`  twin, ${split.padEnd(25)} ${show(errors)}`)
  }
  console.log(missed.length === 0 ? '\nevery bar is met' : `\nmissed: ${missed.join('; ')}`)
}
process.exitCode = missed.length === 0 ? 0 : 1
