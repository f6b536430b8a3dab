import { extractFeatures } from '../features'
import type { FeatureMatrix } from '../../regression/featureMatrix'
import { fitGaussianProcess, predictGaussianProcess } from '../../regression/gaussianProcess'
import { affineMap, medianLogRatio, factorMap } from '../../regression/pairMaps'
import { pairKey } from '../physics/physics'
import { fitRegressor } from '../../regression/regressors'
import type { SampleTable, ShapeRows } from '../samples'

/**
 * Ways from a source device's times to a target's with a few target samples. Each is given the target samples with
 * the source's time of every row, and returns a function of rows and their source times.
 */
export const transferMethods = [
  'logOffset',
  'affine',
  'pairOffset',
  'gpRatio',
  'ratio',
  'residual',
  'cascade',
  'scratch'
] as const

/** Name of a way to move a proxy to another board. */
export type TransferMethod = (typeof transferMethods)[number]

/** Target times of rows, of which `source` holds the source's times. */
export type TransferModel = (rows: ShapeRows, source: Float64Array) => Float64Array

/** Fits a method to target samples and the source's times for them. */
export function fitTransfer(
  method: TransferMethod,
  target: SampleTable,
  source: Float64Array,
  seed: number
): TransferModel {
  switch (method) {
    case 'logOffset':
      return logOffset(target, source)
    case 'affine':
      return affine(target, source)
    case 'pairOffset':
      return pairOffset(target, source)
    case 'gpRatio':
      return gpRatio(target, source, seed)
    case 'ratio':
      return forestOf(target, source, seed, 'ratio')
    case 'residual':
      return forestOf(target, source, seed, 'residual')
    case 'cascade':
      return forestOf(target, source, seed, 'cascade')
    case 'scratch':
      return forestOf(target, source, seed, 'scratch')
  }
}

/** One factor for all rows. */
function logOffset(target: SampleTable, source: Float64Array): TransferModel {
  const map = factorMap(source, target.time)
  return (_rows, times) => times.map(map)
}

/** One line for all rows. */
function affine(target: SampleTable, source: Float64Array): TransferModel {
  const map = affineMap(source, target.time)
  const floor = minTime(target)
  return (_rows, times) => times.map((time) => Math.max(floor, map(time)))
}

/** Least time that is predicted: far below what was measured, whatever its unit. */
function minTime(target: SampleTable): number {
  return target.time.reduce((min, time) => Math.min(min, time), Infinity) / 1000
}

/** Rows of one bit pair that weigh as much as the common factor. */
const pairPull = 3

/** One factor per bit pair, shrunk to the common one. */
function pairOffset(target: SampleTable, source: Float64Array): TransferModel {
  const common = medianLogRatio(source, target.time)
  const sums = new Map<number, { sum: number; count: number }>()
  for (let row = 0; row < target.count; row++) {
    const key = pairKey(target.activationBits[row], target.weightBits[row])
    const entry = sums.get(key) ?? { sum: 0, count: 0 }
    entry.sum += Math.log(target.time[row] / source[row]) - common
    entry.count++
    sums.set(key, entry)
  }
  return (rows, times) =>
    times.map((time, row) => {
      const entry = sums.get(pairKey(rows.activationBits[row], rows.weightBits[row]))
      return time * Math.exp(common + (entry === undefined ? 0 : entry.sum / (entry.count + pairPull)))
    })
}

/** Gaussian process on the logarithm of target / source, around the common factor. */
function gpRatio(target: SampleTable, source: Float64Array, seed: number): TransferModel {
  const common = medianLogRatio(source, target.time)
  const ratios = target.time.map((time, row) => Math.log(time / source[row]) - common)
  const process = fitGaussianProcess(withSource(target, source), ratios, {
    seed,
    tuneRows: 100,
    maxRows: 400,
    iterations: 30
  })
  return (rows, times) => {
    const { mean } = predictGaussianProcess(process, withSource(rows, times))
    return times.map((time, row) => time * Math.exp(common + mean[row]))
  }
}

/**
 * The reference's tree methods, a random forest each: ratio (log target / source), residual (target - source),
 * cascade (log target, the source's time among the features), scratch (log target without the source).
 */
function forestOf(
  target: SampleTable,
  source: Float64Array,
  seed: number,
  form: 'ratio' | 'residual' | 'cascade' | 'scratch'
): TransferModel {
  const matrixOf = (rows: ShapeRows, times: Float64Array): FeatureMatrix =>
    form === 'cascade' ? withSource(rows, times) : extractFeatures(rows, 'cbops+')
  const y = target.time.map((time, row) => {
    if (form === 'residual') return time - source[row]
    return form === 'ratio' ? Math.log(time / source[row]) : Math.log(time)
  })
  const forest = fitRegressor('forest', matrixOf(target, source), y, { seed })
  const floor = minTime(target)
  return (rows, times) => {
    const predicted = forest.predict(matrixOf(rows, times))
    return predicted.map((value, row) => {
      if (form === 'residual') return Math.max(floor, times[row] + value)
      return form === 'ratio' ? times[row] * Math.exp(value) : Math.exp(value)
    })
  }
}

function withSource(rows: ShapeRows, source: Float64Array): FeatureMatrix {
  const matrix = extractFeatures(rows, 'physics')
  return {
    names: [...matrix.names, 'log source'],
    columns: [...matrix.columns, source.map((time) => Math.log2(time))],
    count: rows.count
  }
}
