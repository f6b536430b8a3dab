import type { TermSet } from '../physics/physicsTerms'
import type { RegressorJson } from '../../regression/regressors'
import type { SampleTable, ShapeRows } from '../samples'

/** Input of a fit besides its samples. Same samples, same seed: same model. */
export interface FitOptions {
  seed: number
  /**
   * Samples that are always trained on and never judged (another file of the same device): an estimator that chooses
   * by held-out error holds out rows of `samples` alone.
   */
  extra?: SampleTable
  /** Called between the parts of long work. */
  onProgress?: (done: number, total: number, note: string) => void
}

/** A fitted latency model of one kernel: what every estimator returns. */
export interface LatencyModel {
  /** In words, with what was chosen on the way. */
  readonly description: string
  /** Times in the samples' unit, > 0, one per row. */
  predict(rows: ShapeRows): Float64Array
  /** Relative uncertainty (standard deviation of the logarithm) as the model sees it; null where it has no opinion. */
  deviation?(rows: ShapeRows): Float64Array | null
  /** Share of the trees' gain per feature, sums to 1; empty where there are no trees. */
  importance?(): { feature: string; share: number }[]
  toJSON(): ModelJson
}

/** A way to fit times to samples. */
export interface Estimator {
  readonly name: string
  /** One line for tables. */
  readonly title: string
  /** `extra`, where given, is part of what is fitted. */
  fit(samples: SampleTable, options: FitOptions): LatencyModel
  /**
   * Estimators that are a choice: looks at the samples and returns the estimator to fit. Whoever judges a choice on
   * held-out rows must let it choose without them.
   */
  choose?(samples: SampleTable, options: FitOptions): Estimator
}

/** Everything a model is made of; registry.ts turns it back into a model with equal predictions. */
export type ModelJson =
  | { kind: 'linear'; terms: 'bops' | 'cbops'; coefficients: number[] }
  | {
      kind: 'physics'
      base: 'global' | 'pair' | 'mix'
      robust: boolean
      terms?: TermSet
      global: number[]
      pairs: { key: number; coefficients: number[] }[]
    }
  | { kind: 'roofline'; compute: number[]; memory: number[] }
  | { kind: 'logRegressor'; features: string; names: string[]; regressor: RegressorJson }
  | {
      kind: 'twoStage'
      referenceBits: [number, number]
      baseFeatures: string
      speedupFeatures: string
      base: RegressorJson
      speedup: RegressorJson | null
    }
  | {
      kind: 'residual'
      base: ModelJson
      features: string
      names: string[]
      withBase: boolean
      regressor: RegressorJson
    }
  | { kind: 'lookup'; dims: number[][]; activationBits: number[]; weightBits: number[]; time: number[] }
  /** A model of times multiplied by `factor`. */
  | { kind: 'scaled'; factor: number; model: ModelJson }
  | { kind: 'blend'; members: { weight: number; model: ModelJson }[] }
