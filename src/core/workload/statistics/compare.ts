import type {
  MeasuredFigure,
  LayerType,
  WorkloadTables
} from '../../../shared/contract/workload/workloadRows'
import { studentTQuantile } from '../../math/studentT'
import { figureAt, mostDegrees } from '../measure/figures'

/**
 * One figure of two runs. The difference is B - A; it is shown to be one when its interval leaves out 0 and both figures may be
 * quoted.
 */
export interface Difference {
  name: string
  unit: string
  a: MeasuredFigure
  b: MeasuredFigure
  difference: number | null
  low: number | null
  high: number | null
  /** B / A; null when A is 0 or either is missing. */
  ratio: number | null
  isSignificant: boolean
}

/** Two workload runs side by side, with findings as sentences. */
export interface RunComparison {
  precisions: { precision: string; figures: Difference[] }[]
  /** Layers of the same name and type in both. */
  layers: { layer: string; type: LayerType; figures: Difference[] }[]
  onlyInA: string[]
  onlyInB: string[]
  /** Shares of time and energy by layer type: comparable between different networks. */
  types: { type: LayerType; a: TypeShare | null; b: TypeShare | null }[]
  findings: string[]
}

/** What the layers of a type take of time and energy, 0..1; null where unknown. */
export interface TypeShare {
  layers: number
  timeShare: number | null
  energyShare: number | null
}

/** The tables of a run, and the confidence at which the intervals in them are. */
export interface TablesAt {
  tables: WorkloadTables
  confidence: number
}

/**
 * Two runs beside each other: any two; what has no counterpart is named.
 *
 * @param confidence of all intervals that are returned, those of either run too
 */
export function compareRuns(first: TablesAt, second: TablesAt, confidence: number): RunComparison {
  const [a, b] = [first.tables, second.tables]
  const difference = (name: string, unit: string, left: MeasuredFigure, right: MeasuredFigure): Difference =>
    differenceOf(
      name,
      unit,
      figureAt(left, first.confidence, confidence),
      figureAt(right, second.confidence, confidence),
      confidence
    )
  const precisions = a.benchmark.flatMap((left) => {
    const right = b.benchmark.find((row) => row.precision === left.precision)
    if (right === undefined) return []
    const figures = [
      difference('latency', 'us', left.latencyMeanUs, right.latencyMeanUs),
      difference('throughput', 'samples/s', left.throughputPerS, right.throughputPerS),
      difference('total energy per sample', 'J', left.energyTotalJ, right.energyTotalJ),
      difference('net energy per sample', 'J', left.energyNetJ, right.energyNetJ)
    ]
    // An accuracy and a perplexity have no difference.
    if (left.metric === right.metric) figures.push(difference(left.metric, '', left.quality, right.quality))
    return [{ precision: left.precision, figures }]
  })
  const layers = a.layers.flatMap((left) => {
    const right = b.layers.find((row) => row.layer === left.layer && row.type === left.type)
    if (right === undefined) return []
    return [
      {
        layer: left.layer,
        type: left.type,
        figures: [
          difference('time per call', 'us', left.timeUs, right.timeUs),
          difference('total energy per call', 'J', left.energyTotalJ, right.energyTotalJ),
          difference('net energy per call', 'J', left.energyNetJ, right.energyNetJ),
          ...impactDifferences(left.layer, a, b, difference)
        ]
      }
    ]
  })
  const shared = new Set(layers.map((entry) => entry.layer))
  return {
    precisions,
    layers,
    onlyInA: a.layers.map((row) => row.layer).filter((layer) => !shared.has(layer)),
    onlyInB: b.layers.map((row) => row.layer).filter((layer) => !shared.has(layer)),
    types: typeShares(a, b),
    findings: precisions.flatMap(({ precision, figures }) =>
      figures.flatMap((one) => sentence(precision, one))
    )
  }
}

function impactDifferences(
  layer: string,
  a: WorkloadTables,
  b: WorkloadTables,
  difference: (name: string, unit: string, left: MeasuredFigure, right: MeasuredFigure) => Difference
): Difference[] {
  return a.impacts
    .filter((impact) => impact.layer === layer)
    .flatMap((left) => {
      const right = b.impacts.find((impact) => impact.layer === layer && impact.change === left.change)
      return right === undefined ? [] : [difference(`KL, ${left.change}`, 'nats', left.klNats, right.klNats)]
    })
}

/**
 * B - A with Welch's interval: each figure's standard error is read back from its interval, which is at this confidence
 * too, and its count. Null where either is unavailable or has no interval. INVALID figures are subtracted and show nothing: their intervals leave out what is wrong.
 */
export function differenceOf(
  name: string,
  unit: string,
  a: MeasuredFigure,
  b: MeasuredFigure,
  confidence: number
): Difference {
  const missing = {
    name,
    unit,
    a,
    b,
    difference: null,
    low: null,
    high: null,
    ratio: null,
    isSignificant: false
  }
  if (a.value === null || b.value === null) return missing
  const difference = b.value - a.value
  const ratio = a.value === 0 ? null : b.value / a.value
  const [errorA, errorB] = [standardError(a, confidence), standardError(b, confidence)]
  if (errorA === null || errorB === null) return { ...missing, difference, ratio }
  const variance = errorA ** 2 + errorB ** 2
  const degrees =
    variance === 0 ? Infinity : variance ** 2 / (errorA ** 4 / (a.n - 1) + errorB ** 4 / (b.n - 1))
  const half =
    studentTQuantile((1 + confidence) / 2, Math.max(1, Math.min(degrees, mostDegrees))) * Math.sqrt(variance)
  const [low, high] = [difference - half, difference + half]
  return {
    ...missing,
    difference,
    ratio,
    low,
    high,
    isSignificant: !isDoubtful(a, b) && (low > 0 || high < 0)
  }
}

/** Whether either figure must not be quoted. */
const isDoubtful = (a: MeasuredFigure, b: MeasuredFigure): boolean =>
  a.verdict === 'INVALID' || b.verdict === 'INVALID'

/** Of a figure whose interval ends at 0 (no time is negative), the side above the value is the whole half. */
function standardError({ value, low, high, n }: MeasuredFigure, confidence: number): number | null {
  if (value === null || low === null || high === null || n < 2) return null
  const half = low === 0 ? Math.max(high - value, value - low) : (high - low) / 2
  return half / studentTQuantile((1 + confidence) / 2, Math.min(n - 1, mostDegrees))
}

function typeShares(a: WorkloadTables, b: WorkloadTables): RunComparison['types'] {
  const types = [...new Set([...a.layers, ...b.layers].map((layer) => layer.type))]
  const shareOf = ({ layers }: WorkloadTables, type: LayerType): TypeShare | null => {
    const rows = layers.filter((layer) => layer.type === type)
    if (rows.length === 0) return null
    const sum = (read: (row: (typeof rows)[number]) => number | null): number | null =>
      rows.some((row) => read(row) === null) ? null : rows.reduce((total, row) => total + read(row)!, 0)
    return {
      layers: rows.length,
      timeShare: sum((row) => row.timeShare),
      energyShare: sum((row) => row.energyShare)
    }
  }
  return types.map((type) => ({ type, a: shareOf(a, type), b: shareOf(b, type) }))
}

function sentence(precision: string, one: Difference): string[] {
  if (one.difference === null) return []
  const digits = (value: number): string => String(Number(value.toPrecision(3)))
  const unit = one.unit === '' ? '' : ` ${one.unit}`
  const range = one.low === null ? '' : ` [${digits(one.low)}, ${digits(one.high!)}]`
  const evidence = isDoubtful(one.a, one.b)
    ? `${doubtfulOf(one)} INVALID: nothing is shown by it`
    : one.low === null
      ? 'no interval'
      : one.isSignificant
        ? 'a difference is shown'
        : 'no difference is shown'
  return [
    `${precision}, ${one.name}: B - A = ${digits(one.difference)}${unit}${range}, ${evidence}, ` +
      `n = ${one.a.n} and ${one.b.n}.`
  ]
}

function doubtfulOf({ a, b }: Difference): string {
  if (a.verdict !== 'INVALID') return 'B is'
  return b.verdict === 'INVALID' ? 'A and B are' : 'A is'
}
