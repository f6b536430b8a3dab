import type { Bits } from '../scheme'
import { weightScale } from './weightQuantizer'

/** Most doublings of a group's scale: two bits beside its codes. */
const maxShift = 3

/**
 * Scales of groups of neighbouring taps of one channel, as powers of two times the smallest: sums of a group are shifted before they are
 * added, no further multiplication. Each group takes the power nearest to its own scale of least weighted squared error.
 * @param weights [taps] in kernel order, `importance` alike
 * @returns by tap how often the scale is doubled, and the scale that fits all groups best
 */
export function groupShifts(
  weights: Float64Array,
  importance: Float64Array,
  bits: Bits,
  groupTaps: number
): { shifts: Uint8Array; scale: number } {
  const taps = weights.length
  const groups = Math.ceil(taps / groupTaps)
  const logs = Float64Array.from({ length: groups }, (_, group) => {
    const from = group * groupTaps
    const to = Math.min(taps, from + groupTaps)
    return Math.log2(weightScale(weights.subarray(from, to), bits, importance.subarray(from, to)))
  })
  // A group of zeros has next to no scale; three doublings below the largest is as small as scales get.
  const lowest = Math.max(Math.min(...logs), Math.max(...logs) - maxShift)
  const steps = logs.map((log) => Math.min(maxShift, Math.max(0, Math.round(log - lowest))))
  const smallest = Math.min(...steps)
  const shifts = Uint8Array.from({ length: taps }, (_, tap) => steps[Math.floor(tap / groupTaps)] - smallest)
  let sum = 0
  for (let group = 0; group < groups; group++)
    sum += Math.max(lowest, logs[group]) - (steps[group] - smallest)
  return { shifts, scale: 2 ** (sum / groups) }
}
