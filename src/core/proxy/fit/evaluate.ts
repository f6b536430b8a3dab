import { deviation, mean } from '../../math/mean'
import type { ErrorSplit } from '../../../shared/vocabulary'
import { groupByShape, leaveOneShapeOut, randomFolds, shapeFolds, splitRows, type Folds } from './folds'
import { predictHoldout } from './holdout'
import { metricsOf, type Metrics } from '../../regression/metrics'
import type { Estimator, FitOptions, LatencyModel } from '../estimators/estimator'
import { gather, type SampleTable } from '../samples'

/** Errors of one split, pooled over its folds. */
export interface SplitErrors extends Metrics {
  /** MAPE of single folds: their mean, standard deviation and worst. */
  foldMape: { mean: number; deviation: number; worst: number }
  /** MAPE of the rows at 8 x 8 bits, and of all others; null where there are none. */
  int8Mape: number | null
  otherMape: number | null
}

/** Errors of an estimator on samples. `other`: fitted on the extra samples alone, held out are all the samples. */
export interface ProxyEvaluation {
  rows: number
  shapes: number
  estimator: string
  /** What the estimator is or chose on all rows, in words. */
  description: string
  splits: Partial<Record<ErrorSplit | 'other', SplitErrors>>
  /** Held-out predictions by split, in row order. */
  predictions: Partial<Record<ErrorSplit | 'other', Float64Array>>
}

/**
 * Judges an estimator on the requested splits. An estimator that chooses does so again inside every training part
 * (for loso: once per shape fold, on rows without that fold), so that no choice has seen the rows it is judged on.
 */
export function evaluateProxy(
  samples: SampleTable,
  estimator: Estimator,
  splits: readonly ErrorSplit[],
  options: FitOptions
): ProxyEvaluation {
  const { onProgress, ...quiet } = options
  const evaluation: ProxyEvaluation = {
    rows: samples.count,
    shapes: groupByShape(samples).groups,
    estimator: estimator.name,
    description: estimator.title,
    splits: {},
    predictions: {}
  }
  const settle = (name: ErrorSplit | 'other', predicted: Float64Array, folds: Folds | null): void => {
    evaluation.predictions[name] = predicted
    evaluation.splits[name] = splitErrors(samples, predicted, folds)
  }
  const total = splits.length + (options.extra === undefined ? 0 : 1)
  let done = 0
  const step = (note: string): void => onProgress?.(done++, total, note)
  const choices = createChoices(samples, estimator, quiet)

  for (const split of splits) {
    step(split)
    if (split === 'train') {
      const model = choices.choose(samples, quiet).fit(samples, quiet)
      evaluation.description = model.description
      settle(split, model.predict(samples), null)
      continue
    }
    const { folds, of } = choices.forSplit(split)
    settle(split, predictHoldout(samples, folds, of, quiet), folds)
  }
  if (options.extra !== undefined) {
    step('other')
    const { extra: _judgedOn, ...rest } = quiet
    const model = choices.choose(options.extra, rest).fit(options.extra, rest)
    settle('other', model.predict(samples), null)
  }
  onProgress?.(total, total, '')
  return evaluation
}

/** Estimator of a training part. */
type EstimatorOfFold = Parameters<typeof predictHoldout>[2]

/** Which estimator is fitted in which training part; the choices by shape fold are made once. */
function createChoices(samples: SampleTable, estimator: Estimator, options: FitOptions) {
  const choose = (train: SampleTable, foldOptions: FitOptions): Estimator =>
    estimator.choose?.(train, foldOptions) ?? estimator
  let chosenByShapeFold: Map<number, Estimator> | null = null
  const chooseByShapeFold = (folds: Folds): Map<number, Estimator> => {
    if (chosenByShapeFold !== null) return chosenByShapeFold
    const choices = (chosenByShapeFold = new Map<number, Estimator>())
    // A dry pass: only the choices are kept.
    predictHoldout(
      samples,
      folds,
      (train, fold, foldOptions) => {
        const chosen = choose(train, foldOptions)
        choices.set(fold, chosen)
        return { name: chosen.name, title: chosen.title, fit: () => nothingFitted }
      },
      options
    )
    return choices
  }

  return {
    choose,
    forSplit(split: 'random' | 'shape' | 'loso'): { folds: Folds; of: EstimatorOfFold } {
      if (split === 'random') {
        const of: EstimatorOfFold = (train, _fold, foldOptions) => choose(train, foldOptions)
        return { folds: randomFolds(samples, options.seed), of }
      }
      const groups = shapeFolds(samples)
      if (split === 'shape') {
        const chosen = chooseByShapeFold(groups)
        return { folds: groups, of: (_train, fold) => chosen.get(fold) ?? estimator }
      }
      const folds = leaveOneShapeOut(samples)
      const chosen = estimator.choose === undefined ? null : chooseByShapeFold(groups)
      const groupOfFold = new Int32Array(folds.folds)
      folds.foldOf.forEach((fold, row) => (groupOfFold[fold] = groups.foldOf[row]))
      return { folds, of: (_train, fold) => chosen?.get(groupOfFold[fold]) ?? estimator }
    }
  }
}

const nothingFitted: LatencyModel = {
  description: '',
  predict: (rows) => new Float64Array(rows.count),
  toJSON: () => ({ kind: 'linear', terms: 'bops', coefficients: [0, 0] })
}

/** Pooled errors, their spread over folds, and INT8 against the rest. */
export function splitErrors(samples: SampleTable, predicted: Float64Array, folds: Folds | null): SplitErrors {
  const pooled = metricsOf(predicted, samples.time)
  const foldMapes: number[] = []
  if (folds !== null) {
    for (let fold = 0; fold < folds.folds; fold++) {
      const { test } = splitRows(folds, fold)
      if (test.length > 0) foldMapes.push(mapeOf(samples, predicted, test))
    }
  } else foldMapes.push(pooled.mape)
  const rowsWhere = (keep: (row: number) => boolean): number[] =>
    Array.from({ length: samples.count }, (_, row) => row).filter(keep)
  const isInt8 = (row: number): boolean => samples.activationBits[row] === 8 && samples.weightBits[row] === 8
  const int8 = rowsWhere(isInt8)
  const others = rowsWhere((row) => !isInt8(row))
  return {
    ...pooled,
    foldMape: { mean: mean(foldMapes), deviation: deviation(foldMapes), worst: Math.max(...foldMapes) },
    int8Mape: int8.length === 0 ? null : mapeOf(samples, predicted, int8),
    otherMape: others.length === 0 ? null : mapeOf(samples, predicted, others)
  }
}

/** MAPE in percent per pair of bit widths, widest first. */
export function errorsByPair(
  samples: SampleTable,
  predicted: Float64Array
): { activationBits: number; weightBits: number; count: number; mape: number }[] {
  const rowsOf = new Map<string, number[]>()
  for (let row = 0; row < samples.count; row++) {
    const key = `${samples.activationBits[row]} ${samples.weightBits[row]}`
    const rows = rowsOf.get(key)
    if (rows === undefined) rowsOf.set(key, [row])
    else rows.push(row)
  }
  return [...rowsOf.values()]
    .map((rows) => ({
      activationBits: samples.activationBits[rows[0]],
      weightBits: samples.weightBits[rows[0]],
      count: rows.length,
      mape: mapeOf(samples, predicted, rows)
    }))
    .sort((a, b) => b.activationBits - a.activationBits || b.weightBits - a.weightBits)
}

function mapeOf(samples: SampleTable, predicted: Float64Array, rows: ArrayLike<number>): number {
  return metricsOf(gather(predicted, rows), gather(samples.time, rows)).mape
}
