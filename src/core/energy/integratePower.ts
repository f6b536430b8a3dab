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

/**
 * Trapezoid rule over irregular readings between `fromMs` and `toMs`. The value at either end is interpolated between
 * the readings around it. Two readings further apart than `gapAfterMs`, or with a marked break between them, are not
 * joined: energy that nobody measured is not made up, it is missing from `coveredMs`.
 *
 * @param tMs ascending, ms; `powerW` alike, NaN readings (unavailable) are skipped
 */
export function integratePower(
  tMs: ArrayLike<number>,
  powerW: ArrayLike<number>,
  fromMs: number,
  toMs: number,
  gapAfterMs: number,
  breaks: readonly Break[] = []
): Integral {
  let energyWms = 0
  let coveredMs = 0
  let gapCount = 0
  let peakW = NaN
  let samples = 0
  let lastT = NaN
  let lastP = NaN
  let coveredTo = fromMs
  // Between two covered stretches every hole counts; an end is one only when it is longer than a reading may be late.
  const isGap = (a: number, b: number, inner: boolean): boolean => b - a > (inner ? 1e-6 : gapAfterMs)
  for (let i = firstNotBefore(tMs, fromMs - gapAfterMs); i < tMs.length; i++) {
    const t = tMs[i]
    const p = powerW[i]
    if (Number.isNaN(p)) continue
    if (t >= fromMs && t <= toMs) {
      samples++
      if (!(p <= peakW)) peakW = p
    }
    if (t > lastT && t > fromMs && lastT < toMs) {
      if (t - lastT <= gapAfterMs && !crosses(breaks, lastT, t)) {
        const a = Math.max(lastT, fromMs)
        const b = Math.min(t, toMs)
        const slope = (p - lastP) / (t - lastT)
        energyWms += ((2 * lastP + slope * (a - lastT + (b - lastT))) / 2) * (b - a)
        if (isGap(coveredTo, a, coveredMs > 0)) gapCount++
        coveredMs += b - a
        coveredTo = b
      }
    }
    lastT = t
    lastP = p
    if (t >= toMs) break
  }
  if (isGap(coveredTo, toMs, false)) gapCount++
  return {
    energyJ: coveredMs > 0 ? energyWms / 1000 : NaN,
    coveredMs,
    gapCount,
    meanW: coveredMs > 0 ? energyWms / coveredMs : NaN,
    peakW,
    samples
  }
}

function crosses(breaks: readonly Break[], fromMs: number, toMs: number): boolean {
  return breaks.some((gap) => gap.fromMs < toMs && gap.toMs > fromMs)
}
