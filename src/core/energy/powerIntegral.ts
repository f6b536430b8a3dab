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
  let energyWms = 0
  let coveredMs = 0
  let gapCount = 0
  let peakW = NaN
  let samples = 0
  let lastT = NaN
  let lastP = NaN
  let coveredTo = fromMs
  let complete = false
  // Between two covered stretches every hole counts; an end is one only when it is longer than a reading may be late.
  const isGap = (a: number, b: number, inner: boolean): boolean => b - a > (inner ? 1e-6 : gapAfterMs)
  /** Adds the stretch from the last reading to this one, as far as it lies inside. */
  const join = (t: number, p: number): void => {
    if (t - lastT > gapAfterMs || crosses(breaks, lastT, t)) return
    const a = Math.max(lastT, fromMs)
    const b = Math.min(t, toMs)
    const slope = (p - lastP) / (t - lastT)
    energyWms += ((2 * lastP + slope * (a - lastT + (b - lastT))) / 2) * (b - a)
    if (isGap(coveredTo, a, coveredMs > 0)) gapCount++
    coveredMs += b - a
    coveredTo = b
  }
  const take = (t: number, p: number): void => {
    if (t >= fromMs && t <= toMs) {
      samples++
      if (!(p <= peakW)) peakW = p
    }
    if (t > lastT && t > fromMs && lastT < toMs) join(t, p)
    lastT = t
    lastP = p
    complete = t >= toMs
  }
  return {
    add(tMs, powerW) {
      for (let i = firstNotBefore(tMs, fromMs - gapAfterMs); i < tMs.length && !complete; i++) {
        if (!Number.isNaN(powerW[i])) take(tMs[i], powerW[i])
      }
    },
    isComplete: () => complete,
    result: () => ({
      energyJ: coveredMs > 0 ? energyWms / 1000 : NaN,
      coveredMs,
      gapCount: gapCount + (isGap(coveredTo, toMs, false) ? 1 : 0),
      meanW: coveredMs > 0 ? energyWms / coveredMs : NaN,
      peakW,
      samples
    })
  }
}

function crosses(breaks: readonly Break[], fromMs: number, toMs: number): boolean {
  return breaks.some((gap) => gap.fromMs < toMs && gap.toMs > fromMs)
}
