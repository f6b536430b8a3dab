import type { EstimatorName } from '@shared/vocabulary'

/** What each estimator is, in the words of the Proxy page. */
export const estimators: readonly { value: EstimatorName; text: string }[] = [
  { value: 'auto', text: 'automatic: best on unseen shapes' },
  { value: 'residual', text: 'physical base × learned residual' },
  { value: 'physics', text: 'physical terms, non-negative' },
  { value: 'gaussianProcess', text: 'Gaussian process' },
  { value: 'boosting', text: 'gradient boosting' },
  { value: 'extraTrees', text: 'extra trees' },
  { value: 'forest', text: 'random forest' },
  { value: 'stacking', text: 'stacking' },
  { value: 'twoStage', text: 'two stages: base × speed-up' },
  { value: 'cbopsLinear', text: 'linear in CBOPs' },
  { value: 'bopsLinear', text: 'linear in BOPs' },
  { value: 'lookup', text: 'nearest measured row' }
]
