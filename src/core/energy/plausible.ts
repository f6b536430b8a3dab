import type { PowerTrace } from './powerTrace'

/** Above this many times the power limit no reading is believed: boards exceed their limit for moments, not by half. */
const believableOverLimit = 1.5
/** A single reading above the limit and this many times its neighbours is a fault of the sensor. */
const spikeOverNeighbours = 2
/** A reading of exactly 0 W between neighbours above this is a missing reading, W. */
const awakeW = 5

/**
 * The trace without readings that cannot be power: negative, far above the limit, a lone spike above the limit, or a
 * lone zero between readings of a running board. They become NaN (unavailable), never another number.
 *
 * @param limitW the enforced power limit; null leaves only the checks that need none
 * @returns the times of the readings left out, ms
 */
export function withoutImplausible(
  trace: PowerTrace,
  limitW: number | null
): { trace: PowerTrace; removedMs: number[] } {
  const { powerW, tMs } = trace
  const removed: number[] = []
  for (let i = 0; i < powerW.length; i++) {
    const power = powerW[i]
    if (Number.isNaN(power)) continue
    const before = i > 0 ? powerW[i - 1] : NaN
    const after = i + 1 < powerW.length ? powerW[i + 1] : NaN
    if (isImplausible(power, before, after, limitW)) removed.push(i)
  }
  if (removed.length === 0) return { trace, removedMs: [] }
  const kept = powerW.slice()
  for (const i of removed) kept[i] = NaN
  return { trace: { ...trace, powerW: kept }, removedMs: removed.map((i) => tMs[i]) }
}

function isImplausible(power: number, before: number, after: number, limitW: number | null): boolean {
  if (power < 0) return true
  if (power === 0) return before > awakeW && after > awakeW
  if (limitW === null || power <= limitW) return false
  if (power > believableOverLimit * limitW) return true
  const neighbour = Math.max(before, after)
  return !Number.isNaN(neighbour) && power > spikeOverNeighbours * neighbour
}
