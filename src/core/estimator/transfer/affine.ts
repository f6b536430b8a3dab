import { affineMap, factorMap, type TimeMap } from '../../regression/pairMaps'
import { totalMs } from '../samples/stageTable'
import type { FittedTransfer } from './method'
import { minPrediction, type TransferProblem } from './problem'

/** A map from a stage's source time to its target time, fitted on pairs; both lists are ms and may be empty. */
type Fit = (source: Float64Array, target: Float64Array) => TimeMap

/** The source's times as they are. */
export function none(problem: TransferProblem): FittedTransfer {
  const fitted: FittedTransfer = {
    predict: (rows) => problem.source.map((times) => Float64Array.from(rows, (row) => times[row])),
    refit: () => fitted
  }
  return fitted
}

/** Method A: target = a source + b per stage, least squares in ms. */
export const affineLeastSquares = perStage((source, target) => {
  const { slope, constant } = line(source, target)
  const floor = minPrediction(target)
  return (time) => Math.max(floor, slope * time + constant)
})

/** Method A with a, b >= 0 and least squares of the relative error. */
export const affineRelative = perStage(affineMap)

/** One factor per stage. */
export const logOffset = perStage(factorMap)

/** Method B: one line on the total; a stage keeps the share of the total that it has on the source. */
export function globalAffine(problem: TransferProblem, rows: Int32Array): FittedTransfer {
  const complete = rows.filter((row) => totalMs(problem.target, row) > 0 && totalMs(problem.source, row) > 0)
  const target = Float64Array.from(complete, (row) => totalMs(problem.target, row))
  const { slope, constant } = line(
    Float64Array.from(complete, (row) => totalMs(problem.source, row)),
    target
  )
  const floor = minPrediction(target)
  return {
    predict: (asked) =>
      problem.source.map((times) =>
        Float64Array.from(asked, (row) => {
          const total = totalMs(problem.source, row)
          return (times[row] / total) * Math.max(floor, slope * total + constant)
        })
      ),
    refit: (fewer) => globalAffine(problem, fewer)
  }
}

/** Applies a fit stage by stage; a stage without calibration rows gets the fit of all stages together. */
function perStage(fit: Fit): (problem: TransferProblem, rows: Int32Array) => FittedTransfer {
  const method = (problem: TransferProblem, rows: Int32Array): FittedTransfer => {
    const pairs = problem.source.map((times, stage) => {
      const both = rows.filter((row) => times[row] > 0 && problem.target[stage][row] > 0)
      return {
        source: Float64Array.from(both, (row) => times[row]),
        target: Float64Array.from(both, (row) => problem.target[stage][row])
      }
    })
    const pooled = (part: 'source' | 'target'): Float64Array =>
      Float64Array.from(pairs.flatMap((pair) => Array.from(pair[part])))
    const together = fit(pooled('source'), pooled('target'))
    const maps = pairs.map(({ source, target }) => (source.length < 2 ? together : fit(source, target)))
    return {
      predict: (asked) =>
        problem.source.map((times, stage) => Float64Array.from(asked, (row) => maps[stage](times[row]))),
      refit: (fewer) => method(problem, fewer)
    }
  }
  return method
}

/** Least squares line; a factor through 0 where all x are equal. */
function line(x: Float64Array, y: Float64Array): { slope: number; constant: number } {
  const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanX, meanY] = [mean(x), mean(y)]
  let covariance = 0
  let variance = 0
  for (let at = 0; at < x.length; at++) {
    covariance += (x[at] - meanX) * (y[at] - meanY)
    variance += (x[at] - meanX) ** 2
  }
  if (variance <= 1e-18 * meanX * meanX) return { slope: meanY / meanX, constant: 0 }
  const slope = covariance / variance
  return { slope, constant: meanY - slope * meanX }
}
