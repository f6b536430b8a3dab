import { crosses, type Break } from './powerIntegral'

/** Least and greatest value of a line through readings, and its values at both ends of a stretch; null without a reading. */
export interface LineRange {
  readonly min: number | null
  readonly max: number | null
  /** At the beginning of the stretch: interpolated between the readings around it, else the first reading inside. */
  readonly first: number | null
  readonly last: number | null
}

/**
 * Follows the straight lines between readings over [fromMs, toMs], joined as createPowerIntegral joins them, so that the mean of
 * that integral lies between `min` and `max`. Readings are added in the order of time; NaN is unavailable.
 */
export function createLineRange(
  fromMs: number,
  toMs: number,
  gapAfterMs: number,
  breaks: readonly Break[]
): { add(tMs: ArrayLike<number>, values: ArrayLike<number>): void; result(): LineRange } {
  // Fields of an object: V8 allocates a number for every change of a captured variable.
  const found = { min: Infinity, max: -Infinity, first: NaN, last: NaN }
  const before = { t: NaN, value: NaN }
  const reach = (value: number): void => {
    if (value < found.min) found.min = value
    if (value > found.max) found.max = value
    if (Number.isNaN(found.first)) found.first = value
    found.last = value
  }
  const take = (t: number, value: number): void => {
    const isInside = t >= fromMs && t <= toMs
    const startsBefore = before.t < fromMs && t > fromMs
    const endsAfter = before.t < toMs && t > toMs
    if ((startsBefore || endsAfter) && t - before.t <= gapAfterMs && !crosses(breaks, before.t, t)) {
      const at = (time: number): number =>
        before.value + ((value - before.value) / (t - before.t)) * (time - before.t)
      if (startsBefore) reach(at(fromMs))
      if (endsAfter) reach(at(toMs))
    }
    if (isInside) reach(value)
    before.t = t
    before.value = value
  }
  return {
    add(tMs, values) {
      for (let i = 0; i < tMs.length; i++) if (!Number.isNaN(values[i])) take(tMs[i], values[i])
    },
    result: () => {
      const { min, max, first, last } = found
      return Number.isNaN(first)
        ? { min: null, max: null, first: null, last: null }
        : { min, max, first, last }
    }
  }
}
