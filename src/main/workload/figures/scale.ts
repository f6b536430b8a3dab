import type { MeasuredFigure } from '../../../shared/contract/workload/workloadRows'
import type { IntervalValue } from '../../figures/intervalCharts'

/** A unit for a set of figures, and the factor to it. */
export interface Scale {
  unit: string
  factor: number
}

const prefixes = [
  ['', 1],
  ['m', 1e3],
  ['µ', 1e6],
  ['n', 1e9]
] as const

/** The unit with a prefix that brings the largest value to 1..1000: 0.004 J is shown as 4 mJ. */
export function scaleOf(values: readonly (number | null)[], unit: string, factor = 1): Scale {
  const most = Math.max(0, ...values.map((value) => Math.abs(value ?? 0) * factor))
  const found = prefixes.find(([, times]) => most * times >= 1) ?? prefixes[most === 0 ? 0 : 3]
  return { unit: `${found[0]}${unit}`, factor: factor * found[1] }
}

/** A figure in that unit; null when unavailable. */
export function drawnValue(figure: MeasuredFigure, { factor }: Scale): IntervalValue | null {
  if (figure.value === null) return null
  return {
    value: figure.value * factor,
    low: figure.low === null ? null : figure.low * factor,
    high: figure.high === null ? null : figure.high * factor,
    isDoubtful: figure.verdict === 'INVALID'
  }
}

/** Why none of the figures has a value. */
export function reasonOf(figures: readonly MeasuredFigure[]): string {
  return figures.find((figure) => figure.reason !== null)?.reason ?? 'Not measured.'
}
