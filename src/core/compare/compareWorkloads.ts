import type { MeasuredFigure, WorkloadTables } from '../../shared/contract/workload/workloadRows'
import { figureAt } from '../workload/measure/figures'
import { runLetter } from '../../shared/text/runText'
import { countOf } from '../../shared/units'
import { powerCurves, type ComparedRecording } from './compareRecordings'
import { agree, differences, type RunFigure, type RunFigures } from './figures'
import { figureDifference, type Compared } from './intervals'

/** A workload run with its tables; null: nothing has been measured. */
export interface ComparedWorkload {
  readonly model: string
  readonly tables: Pick<WorkloadTables, 'benchmark' | 'layers'> | null
  /** Of the intervals in the tables, 0..1. */
  readonly confidence: number
  /** Of its first session; null: no power was recorded, or it was deleted. */
  readonly power?: ComparedRecording | null
}

type Benchmark = WorkloadTables['benchmark'][number]
const quantities: readonly [
  keyof Benchmark & ('latencyP50Us' | 'energyTotalJ' | 'energyNetJ'),
  string,
  string
][] = [
  ['latencyP50Us', 'median latency', 'µs'],
  ['energyTotalJ', 'energy', 'J per sample'],
  ['energyNetJ', 'energy without idle', 'J per sample']
]

/** The confidence of all differences that are shown. */
const shownConfidence = 0.95

/** Workloads: latency, energy and quality of every precision with differences, time of every layer. */
export function compareWorkloads(stored: readonly ComparedWorkload[]): RunFigures {
  const workloads = stored.map(atShownConfidence)
  const precisions = [
    ...new Set(workloads.flatMap(({ tables }) => tables?.benchmark.map(({ precision }) => precision) ?? []))
  ]
  const rowOf = ({ tables }: ComparedWorkload, precision: string): Benchmark | undefined =>
    tables?.benchmark.find((row) => row.precision === precision)
  const figures = precisions.flatMap((precision) => {
    const rows = workloads.map((one) => rowOf(one, precision))
    const metric = rows.find((row) => row !== undefined)?.metric ?? 'accuracy'
    return [
      ...quantities.map(([quantity, what, unit]) =>
        figureOf(
          `${precision}: ${what}`,
          unit,
          rows.map((row) => row?.[quantity])
        )
      ),
      figureOf(
        `${precision}: ${metric}`,
        metric === 'accuracy' ? 'share' : 'perplexity',
        rows.map((row) => (row?.metric === metric ? row.quality : undefined))
      )
    ]
  })
  return {
    notes: [
      ...(agree(workloads, ({ model }) => model) ? [] : ['They ran different networks.']),
      ...invalidNotes(workloads, precisions, rowOf),
      ...invalidLayers(workloads)
    ],
    figures: [...figures, ...layerFigures(workloads)].filter(({ values }) =>
      values.some((value) => value !== null)
    ),
    rows: [],
    curves: workloads.flatMap(({ power }, run) => (power == null ? [] : powerCurves(power, run)))
  }
}

/** Figures of runs whose intervals are at other confidences have them at the one that is shown. */
function atShownConfidence(workload: ComparedWorkload): ComparedWorkload {
  const { tables, confidence } = workload
  if (tables === null || confidence === shownConfidence) return workload
  const at = (figure: MeasuredFigure): MeasuredFigure => figureAt(figure, confidence, shownConfidence)
  const benchmark = tables.benchmark.map((row) => ({
    ...row,
    ...{ latencyP50Us: at(row.latencyP50Us), quality: at(row.quality) },
    ...{ energyTotalJ: at(row.energyTotalJ), energyNetJ: at(row.energyNetJ) }
  }))
  const layers = tables.layers.map((row) => ({
    ...row,
    ...{ timeUs: at(row.timeUs), energyTotalJ: at(row.energyTotalJ) }
  }))
  return { ...workload, confidence: shownConfidence, tables: { benchmark, layers } }
}

/** A figure that must not be quoted is shown but not compared. */
function comparable(figure: MeasuredFigure | undefined): Compared | null {
  if (figure === undefined || figure.verdict !== 'VALID') return null
  const { value, low, high } = figure
  return value === null || low === null || high === null ? null : { value, low, high }
}

function figureOf(name: string, unit: string, found: (MeasuredFigure | undefined)[]): RunFigure {
  return {
    ...{ name, unit, how: 'difference' },
    values: found.map((one) => one?.value ?? null),
    against: differences(found, (a, b) => {
      const [first, second] = [comparable(a), comparable(b)]
      return first === null || second === null ? null : figureDifference(first, second)
    })
  }
}

function invalidNotes(
  workloads: readonly ComparedWorkload[],
  precisions: readonly string[],
  rowOf: (one: ComparedWorkload, precision: string) => Benchmark | undefined
): string[] {
  return workloads.flatMap((one, at) => {
    const bad = invalidIn(precisions, quantities, (precision, quantity) => rowOf(one, precision)?.[quantity])
    return bad.map(({ what, rows, reason }) =>
      rows.length === 1
        ? `${runLetter(at)}, ${rows[0]}: ${what} is INVALID, ${reason}`
        : `${runLetter(at)}: ${what} of ${countOf(rows.length, 'precision')} is INVALID, of ${rows[0]} for: ${reason}`
    )
  })
}

/** Quantities that are INVALID in these rows, in the first of them for this reason. */
interface Invalid {
  what: string
  rows: string[]
  reason: string
}

/** What is INVALID in which rows. Quantities that are so in the same rows for the same reason are one: energy with and without idle. */
function invalidIn<Quantity extends string>(
  rows: readonly string[],
  read: readonly (readonly [Quantity, what: string, unit: string])[],
  figureOf: (row: string, quantity: Quantity) => MeasuredFigure | undefined
): Invalid[] {
  const found: Invalid[] = []
  for (const [quantity, what] of read) {
    const bad = rows.filter((row) => figureOf(row, quantity)?.verdict === 'INVALID')
    if (bad.length === 0) continue
    const reason = figureOf(bad[0], quantity)?.reason ?? 'see the run'
    const same = found.find((one) => one.rows.join() === bad.join() && one.reason === reason)
    if (same === undefined) found.push({ what, rows: bad, reason })
    else same.what = `${same.what}, ${what}`
  }
  return found
}

type Layer = WorkloadTables['layers'][number]
const layerQuantities: readonly [keyof Layer & ('timeUs' | 'energyTotalJ'), string, string][] = [
  ['timeUs', 'time', 'µs per call'],
  ['energyTotalJ', 'energy', 'J per call']
]

/** Time and energy per call of every layer, in the order of the networks. */
function layerFigures(workloads: readonly ComparedWorkload[]): RunFigure[] {
  const names = [
    ...new Set(workloads.flatMap(({ tables }) => tables?.layers.map(({ layer }) => layer) ?? []))
  ]
  return names.flatMap((name) =>
    layerQuantities.map(([quantity, what, unit]) =>
      figureOf(
        `Layer ${name}: ${what}`,
        unit,
        workloads.map(({ tables }) => tables?.layers.find(({ layer }) => layer === name)?.[quantity])
      )
    )
  )
}

/** One line per run for what is INVALID in the same layers for the same reason: of many layers it is the same. */
function invalidLayers(workloads: readonly ComparedWorkload[]): string[] {
  return workloads.flatMap(({ tables }, at) => {
    const layers = tables?.layers ?? []
    const bad = invalidIn(
      layers.map(({ layer }) => layer),
      layerQuantities,
      (name, quantity) => layers.find(({ layer }) => layer === name)?.[quantity]
    )
    return bad.map(
      ({ what, rows, reason }) =>
        `${runLetter(at)}: ${what} of ${countOf(rows.length, 'layer')} is INVALID, of ${rows[0]} for: ${reason}`
    )
  })
}
