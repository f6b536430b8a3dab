import { createRandom } from '../random'
import type { Estimator } from './estimators/estimator'
import { groupByShape } from './folds'
import { metricsOf } from './metrics'
import { takeSamples, type Samples } from './samples'

export interface LearningPoint {
  /** Layer shapes fitted. */
  shapes: number
  /** Mean and standard deviation over draws of the MAPE on all other shapes, percent. */
  mape: number
  deviation: number
}

/** Error on unseen shapes against the number of shapes measured: tells whether more profiling would help. */
export function learningCurve(
  samples: Samples,
  estimator: Estimator,
  seed: number,
  draws = 3
): LearningPoint[] {
  const { groupOf, groups } = groupByShape(samples)
  const sizes = [3, 6, 12, 24, 48, 96].filter((size) => size <= groups * 0.8)
  if (groups >= 4 && !sizes.includes(Math.floor(groups * 0.8))) sizes.push(Math.floor(groups * 0.8))
  return sizes.map((shapes) => {
    const errors = Array.from({ length: draws }, (_, draw) => {
      const order = createRandom(seed + 97 * draw).shuffle(
        Int32Array.from({ length: groups }, (_, group) => group)
      )
      const chosen = new Set(order.subarray(0, shapes))
      const train: number[] = []
      const test: number[] = []
      groupOf.forEach((group, row) => (chosen.has(group) ? train : test).push(row))
      const held = takeSamples(samples, test)
      return metricsOf(estimator.fit(takeSamples(samples, train), { seed }).predict(held), held.time).mape
    })
    const mape = errors.reduce((sum, error) => sum + error, 0) / draws
    const variance = errors.reduce((sum, error) => sum + (error - mape) ** 2, 0) / draws
    return { shapes, mape, deviation: Math.sqrt(variance) }
  })
}
