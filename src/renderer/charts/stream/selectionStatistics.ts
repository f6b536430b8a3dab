import { firstNotBefore } from '@core/math/firstNotBefore'
import type { Span, Trace } from './trace'

/** What lies between two times of a trace. Values are null where the span holds no reading. */
export interface SelectionStatistics {
  durationMs: number
  /** The part of it that has readings on both sides; gaps are left out. */
  coveredMs: number
  /** Mean over the covered time. */
  mean: number | null
  min: number | null
  max: number | null
  /** Integral over the covered time, in the value's unit times seconds: energy of a power, charge of a current. */
  integral: number | null
  /** Last value minus first, both interpolated at the ends of the span. */
  delta: number | null
}

/** Returns the statistics of a stretch from every reading. */
export type ReadStatistics = (span: Span) => Promise<SelectionStatistics>

/** Unit of the integral over seconds: J of W; null where the integral has no use. */
export function integralUnit(unit: string): string | null {
  return { W: 'J', mW: 'mJ', A: 'C', mA: 'mC' }[unit] ?? null
}

/** Statistics by straight lines between readings (trapezoids), ends interpolated; lines never cross a gap. */
export function selectionStatistics(trace: Trace, [fromMs, toMs]: Span): SelectionStatistics {
  const { timesMs, values } = trace
  let [min, max] = [Infinity, -Infinity]
  let [coveredMs, area] = [0, 0]
  let first: number | null = null
  let last: number | null = null
  const reach = (low: number, high: number): void => {
    min = Math.min(min, low)
    max = Math.max(max, high)
  }
  // From the reading before the span, whose line reaches into it, to the last one within.
  for (let at = Math.max(0, firstNotBefore(timesMs, fromMs) - 1); at < timesMs.length; at++) {
    const [time, value] = [timesMs[at], valueAt(values, at)]
    if (time > toMs) break
    if (value === null) continue
    if (time >= fromMs && time <= toMs) {
      reach(valueAt(trace.low ?? values, at) ?? value, valueAt(trace.high ?? values, at) ?? value)
      first ??= value
      last = value
    }
    const next = at + 1 < timesMs.length ? valueAt(values, at + 1) : null
    if (next === null) continue
    const [start, end] = [Math.max(time, fromMs), Math.min(timesMs[at + 1], toMs)]
    if (end <= start) continue
    const slope = (next - value) / (timesMs[at + 1] - time)
    const [atStart, atEnd] = [value + slope * (start - time), value + slope * (end - time)]
    reach(Math.min(atStart, atEnd), Math.max(atStart, atEnd))
    if (start === fromMs) first = atStart
    last = atEnd
    coveredMs += end - start
    area += ((atStart + atEnd) / 2) * (end - start)
  }
  const known = first !== null
  return {
    durationMs: toMs - fromMs,
    coveredMs,
    mean: coveredMs > 0 ? area / coveredMs : first,
    min: known ? min : null,
    max: known ? max : null,
    integral: coveredMs > 0 ? area / 1000 : null,
    delta: first === null || last === null ? null : last - first
  }
}

function valueAt(values: ArrayLike<number | null>, at: number): number | null {
  const value = values[at] ?? null
  return value === null || Number.isNaN(value) ? null : value
}
