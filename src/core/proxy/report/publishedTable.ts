import type { ErrorSplit } from '../../../shared/vocabulary'
import { AppError } from '../../../shared/errors'
import type { Estimator } from '../estimators/estimator'
import { logRegressor } from '../estimators/logRegressor'
import { scaleFree } from '../estimators/scaleFree'
import { twoStage, twoStageByTraining } from '../estimators/twoStage'
import { evaluateProxy, type ProxyEvaluation } from '../fit/evaluate'
import { countFits } from '../fit/fitProgress'
import { groupByShape } from '../fit/folds'
import type { SampleTable } from '../samples'

/** Errors of one proxy, MAPE in percent, and what it is or chose on all rows. */
export interface MeasuredErrors {
  readonly description: string
  readonly trainMape: number
  readonly randomMape: number
  readonly unseenShapeMape: number
}

/**
 * What the table compares, measured: the study's one-stage proxy (random forest of log time on cbops+), the two-stage
 * proxy with the study's rule (configuration by training error), and with the configuration of least error on unseen
 * shapes. Held-out errors choose again inside every training part.
 */
export interface MeasuredTableRow {
  readonly oneStage: MeasuredErrors
  readonly publishedRule: MeasuredErrors
  readonly twoStage: MeasuredErrors
}

/** One row under the study's rule: predicted by a fit on all rows, and by a fit without its shape. */
export interface PublishedPoint {
  readonly activationBits: number
  readonly weightBits: number
  readonly measured: number
  readonly fitted: number
  readonly unseen: number
}

const splits = ['train', 'random', 'shape'] as const satisfies readonly ErrorSplit[]
const oneStage = logRegressor('oneStage', 'random forest of log time', 'forest', 'cbops+')
const parts: readonly (readonly [keyof MeasuredTableRow, Estimator])[] = [
  ['oneStage', oneStage],
  ['publishedRule', twoStageByTraining],
  ['twoStage', twoStage]
]

/**
 * Measures one row of the table on its samples.
 * @param onProgress share of the row that is done, 0..1
 * @throws AppError proxy.tooFewSamples with fewer than two layer shapes
 */
export function measurePublishedRow(
  samples: SampleTable,
  seed: number,
  onProgress: (share: number) => void = () => undefined
): MeasuredTableRow & { points: PublishedPoint[] } {
  if (groupByShape(samples).groups < 2) {
    throw new AppError(
      'proxy.tooFewSamples',
      'All rows are of one layer shape: nothing can be said of unseen shapes.',
      'Give a file with several layer shapes.'
    )
  }
  const evaluations = parts.map(([name, estimator], at) => {
    const work = countFits(scaleFree(estimator), (share) => onProgress((at + share) / parts.length))
    // One fit on all rows, five parts of each of the two other splits.
    work.expect(11, 11)
    return [name, evaluateProxy(samples, work.estimator, splits, { seed })] as const
  })
  const byName = Object.fromEntries(evaluations) as Record<keyof MeasuredTableRow, ProxyEvaluation>
  return {
    oneStage: errorsOf(byName.oneStage),
    publishedRule: errorsOf(byName.publishedRule),
    twoStage: errorsOf(byName.twoStage),
    points: pointsOf(samples, byName.publishedRule)
  }
}

function errorsOf({ description, splits: { train, random, shape } }: ProxyEvaluation): MeasuredErrors {
  return {
    description,
    trainMape: train?.mape ?? NaN,
    randomMape: random?.mape ?? NaN,
    unseenShapeMape: shape?.mape ?? NaN
  }
}

function pointsOf(samples: SampleTable, { predictions }: ProxyEvaluation): PublishedPoint[] {
  return Array.from(samples.time, (measured, row) => ({
    activationBits: samples.activationBits[row],
    weightBits: samples.weightBits[row],
    measured,
    fitted: predictions.train?.[row] ?? NaN,
    unseen: predictions.shape?.[row] ?? NaN
  }))
}
