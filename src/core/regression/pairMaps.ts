import { median } from '../math/median'
import { relativeNnls } from '../math/nnls'

/** A device's time from another's, in one unit. */
export type TimeMap = (time: number) => number

/** One factor: the median of target / source. */
export function factorMap(source: Float64Array, target: Float64Array): TimeMap {
  const factor = Math.exp(medianLogRatio(source, target))
  return (time) => factor * time
}

/** Median of log(target / source). */
export function medianLogRatio(source: Float64Array, target: Float64Array): number {
  return median(target.map((time, at) => Math.log(time / source[at])))
}

/** target = a source + b with a, b >= 0, least squares of the relative error: short times count as much as long ones. */
export function affineMap(source: Float64Array, target: Float64Array): TimeMap {
  const [slope, constant] = relativeNnls([source, new Float64Array(source.length).fill(1)], target)
  return (time) => slope * time + constant
}
