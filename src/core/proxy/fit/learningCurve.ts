import { createRandom } from '../../math/random'
import type { Estimator } from '../estimators/estimator'
import { groupByShape } from './folds'
import { metricsOf } from '../../regression/metrics'
import { takeSamples, type SampleTable } from '../samples'

/** Held-out error of a proxy fitted on some of the shapes. */
export interface LearningPoint {
  /** Layer shapes fitted. */
  shapes: number
  /** Mean and standard deviation over draws of the MAPE on all other shapes, percent. */
  mape: number
  deviation: number
}

const drawsPerSize = 3

/** Numbers of shapes the curve has a point for; none where there are too few to leave some out. */
function sizesFor(groups: number): number[] {
  if (groups < 4) return []
  const most = Math.floor(groups * 0.8)
  return [...new Set([...[3, 6, 12, 24, 48, 96].filter((size) => size <= groups * 0.8), most])].sort(
    (a, b) => a - b
  )
}

/** How many fits drawing the curve takes. */
export const curveFits = (samples: SampleTable): number =>
  drawsPerSize * sizesFor(groupByShape(samples).groups).length

/** Error on unseen shapes against the number of shapes measured: shows whether more profiling would help. */
export function learningCurve(
  samples: SampleTable,
  estimator: Estimator,
  seed: number,
  draws = drawsPerSize
): LearningPoint[] {
  const { groupOf, groups } = groupByShape(samples)
  return sizesFor(groups).map((shapes) => {
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
