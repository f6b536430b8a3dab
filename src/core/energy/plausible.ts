import type { ReadingBlock } from './powerTrace'

/**
 * No board draws this, W, whatever its limit or where none is known (a recording of another program, a virtual GPU): the
 * largest accelerators of 2025 are made for 1,400 W. Sensors that fail report values such as 65,535 W.
 */
const beyondBoardsW = 3000
/** Where no limit is known, only a lone reading above this is judged as a spike, W: many boards reach less for one reading. */
const spikeFromW = 1000
/** Above this many times the power limit no reading is taken as true: boards exceed their limit for moments, not by half. */
const believableOverLimit = 1.5
/** A single reading above the limit and this many times its neighbours is a fault of the sensor. */
const spikeOverNeighbours = 2
/** A reading of exactly 0 W between neighbours above this is a missing reading, W. */
const awakeW = 5

/**
 * Indices in [from, to) of the readings that cannot be power: negative, far above the limit or above any board, a lone spike
 * above the limit, or a lone zero between readings of a running board. What lies outside [from, to) counts as their
 * neighbours.
 *
 * @param powerW consecutive readings, NaN where unavailable
 * @param limitW the enforced power limit; null, 0 or none that a board can have leaves the checks that need none
 */
export function implausibleReadings(
  powerW: ArrayLike<number>,
  limitW: number | null,
  from = 0,
  to = powerW.length
): number[] {
  const found: number[] = []
  for (let i = from; i < to; i++) {
    const power = powerW[i]
    if (Number.isNaN(power)) continue
    const before = i > 0 ? powerW[i - 1] : NaN
    const after = i + 1 < powerW.length ? powerW[i + 1] : NaN
    if (isImplausible(power, before, after, limitW)) found.push(i)
  }
  return found
}

/** Single readings gathered into blocks without the implausible ones. */
export interface PlausibleBlocks {
  add(tMs: number, powerW: number, mask: number): void
  /** Passes on what is left. */
  end(): void
  /** Times of the readings left out so far, ms: they became NaN (unavailable), never another number. */
  readonly removedMs: readonly number[]
}

/**
 * Gathers readings and passes them on in blocks. The last reading of a block waits for the next one: whether it is a spike
 * shows only then. The arrays of a block are written over afterwards.
 *
 * @param size readings of a block, at least 3
 * @param limitW power limit of the GPU; 'any' accepts every reading: a meter reads below zero by its offset, and leaving
 *   that out would raise the mean
 */
export function createPlausibleBlocks(
  size: number,
  limitW: number | null | 'any',
  take: (block: ReadingBlock) => void
): PlausibleBlocks {
  const [tMs, powerW, mask, kept] = Array.from({ length: 4 }, () => new Float64Array(size)) as ReadingArrays
  const removedMs: number[] = []
  let count = 0
  /** The first reading that was not passed on: 1 once the reading before it stands at 0. */
  let from = 0
  const pass = (to: number): void => {
    kept.set(powerW.subarray(from, to), from)
    const removed = limitW === 'any' ? [] : implausibleReadings(powerW.subarray(0, count), limitW, from, to)
    for (const at of removed) {
      kept[at] = NaN
      removedMs.push(tMs[at])
    }
    take({ tMs: tMs.subarray(from, to), powerW: kept.subarray(from, to), mask: mask.subarray(from, to) })
  }
  const passFull = (): void => {
    pass(count - 1)
    for (const column of [tMs, powerW, mask]) column.copyWithin(0, count - 2, count)
    count = 2
    from = 1
  }
  return {
    add(t, power, reasons) {
      tMs[count] = t
      powerW[count] = power
      mask[count] = reasons
      if (++count === size) passFull()
    },
    end() {
      if (count > from) pass(count)
    },
    removedMs
  }
}

type ReadingArrays = [tMs: Float64Array, powerW: Float64Array, mask: Float64Array, kept: Float64Array]

function isImplausible(power: number, before: number, after: number, limitW: number | null): boolean {
  if (power < 0) return true
  if (power === 0) return before > awakeW && after > awakeW
  if (power > beyondBoardsW) return true
  const hasLimit = limitW !== null && limitW > 0 && limitW <= beyondBoardsW
  if (power <= (hasLimit ? limitW : spikeFromW)) return false
  if (hasLimit && power > believableOverLimit * limitW) return true
  const neighbour = Math.max(before, after)
  return !Number.isNaN(neighbour) && power > spikeOverNeighbours * neighbour
}
