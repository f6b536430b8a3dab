import { firstNotBefore } from '../math/firstNotBefore'

/** What power readings amount to between two instants. */
export interface Integral {
  /** Over the covered time only; NaN when nothing is covered. */
  energyJ: number
  /** Time between readings that lie close enough together to be joined. */
  coveredMs: number
  /** Holes inside the stretch, and uncovered ends of it that are longer than `gapAfterMs`. */
  gapCount: number
  /** energyJ by coveredMs. */
  meanW: number
  /** Highest reading inside the stretch; NaN when there is none. */
  peakW: number
  /** Readings inside the stretch. */
  samples: number
}

/** A span of time without usable readings, ms. */
export interface Break {
  readonly fromMs: number
  readonly toMs: number
}

/** An integral that takes its readings block by block. */
export interface PowerIntegral {
  /** Adds readings that follow those added before: ascending times in ms, watts, NaN where unavailable. */
  add(tMs: ArrayLike<number>, powerW: ArrayLike<number>): void
  /** Whether no later reading can change the result. */
  isComplete(): boolean
  result(): Integral
}

/**
 * Trapezoid rule over irregular readings between `fromMs` and `toMs`. The value at either end is interpolated between
 * the readings around it. Two readings further apart than `gapAfterMs`, or with a marked break between them, are not
 * joined: energy that was not measured is not made up, it is missing from `coveredMs`.
 *
 * @param gapAfterMs see gapAfterMsOf
 */
export function createPowerIntegral(
  fromMs: number,
  toMs: number,
  gapAfterMs: number,
  breaks: readonly Break[] = []
): PowerIntegral {
  // Fields of an object: V8 allocates a number for every change of a captured variable.
  const sum = { energyWms: 0, coveredMs: 0, gapCount: 0, peakW: NaN, samples: 0, coveredTo: fromMs }
  const last = { t: NaN, p: NaN }
  let complete = false
  // Between two covered stretches every hole counts; an end is one only when it is longer than a reading may be late.
  const isGap = (a: number, b: number, inner: boolean): boolean => b - a > (inner ? 1e-6 : gapAfterMs)
  /** Adds the stretch from the last reading to this one, as far as it lies inside. */
  const join = (t: number, p: number): void => {
    if (t - last.t > gapAfterMs || crosses(breaks, last.t, t)) return
    const a = Math.max(last.t, fromMs)
    const b = Math.min(t, toMs)
    const slope = (p - last.p) / (t - last.t)
    sum.energyWms += ((2 * last.p + slope * (a - last.t + (b - last.t))) / 2) * (b - a)
    if (isGap(sum.coveredTo, a, sum.coveredMs > 0)) sum.gapCount++
    sum.coveredMs += b - a
    sum.coveredTo = b
  }
  const take = (t: number, p: number): void => {
    if (t >= fromMs && t <= toMs) {
      sum.samples++
      if (!(p <= sum.peakW)) sum.peakW = p
    }
    if (t > last.t && t > fromMs && last.t < toMs) join(t, p)
    last.t = t
    last.p = p
    complete = t >= toMs
  }
  return {
    add(tMs, powerW) {
      for (let i = firstNotBefore(tMs, fromMs - gapAfterMs); i < tMs.length && !complete; i++) {
        if (!Number.isNaN(powerW[i])) take(tMs[i], powerW[i])
      }
    },
    isComplete: () => complete,
    result: () => {
      const { energyWms, coveredMs, gapCount, peakW, samples, coveredTo } = sum
      return {
        energyJ: coveredMs > 0 ? energyWms / 1000 : NaN,
        coveredMs,
        gapCount: gapCount + (isGap(coveredTo, toMs, false) ? 1 : 0),
        meanW: coveredMs > 0 ? energyWms / coveredMs : NaN,
        peakW,
        samples
      }
    }
  }
}

/** Whether a marked break lies between two readings at `fromMs` and `toMs`. */
export function crosses(breaks: readonly Break[], fromMs: number, toMs: number): boolean {
  return breaks.some((gap) => gap.fromMs < toMs && gap.toMs > fromMs)
}
