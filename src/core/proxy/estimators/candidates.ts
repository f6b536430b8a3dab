import { AppError } from '../../../shared/errors'
import { regressorKinds, type RegressorKind } from '../../regression/regressors'
import { bopsLinear, cbopsLinear } from './linear'
import type { ForestOptions } from '../../regression/trees/forest'
import { lookup } from './lookup'
import { physicsEstimator, roofline } from './physical'
import { residualEstimator } from './residual'
import type { Estimator } from './estimator'

/** Slow learning of shallow trees on part of rows and features: what generalises on a few dozen layer shapes. */
export const boostingSettings = {
  boosting: { trees: 400, rate: 0.06, maxDepth: 4, rowShare: 0.7, featureShare: 0.4, patience: 40 }
}

const bases: Record<string, () => Estimator> = {
  physics: () => physicsEstimator('physics', 'mix', true),
  physicsGlobal: () => physicsEstimator('physicsGlobal', 'global', true),
  physicsPair: () => physicsEstimator('physicsPair', 'pair', false),
  roofline: () => roofline,
  bopsLinear: () => bopsLinear,
  cbopsLinear: () => cbopsLinear,
  lookup: () => lookup
}

/** A residual estimator from the names of its base and its regression. Throws input.invalid for unknown ones. */
export function residuals(
  base: string,
  regressor: string,
  name = `residual:${base}+${regressor}`,
  trees?: number
): Estimator {
  const makeBase = bases[base]
  if (makeBase === undefined || !(regressorKinds as readonly string[]).includes(regressor)) {
    throw new AppError(
      'input.invalid',
      `There is no residual of ${base} and ${regressor}.`,
      `Bases: ${Object.keys(bases).join(', ')}. Regressions: ${regressorKinds.join(', ')}.`
    )
  }
  const kind = regressor as RegressorKind
  return residualEstimator(name, makeBase(), kind, {
    features: kind === 'gaussianProcess' ? 'log' : base === 'roofline' ? 'tiles' : 'physics',
    withBase: kind !== 'gaussianProcess' && (base === 'roofline' || base === 'physicsPair'),
    ...(kind === 'boosting' ? boostingSettings : {}),
    ...(kind === 'extraTrees' ? { forest: extraTreesSettings(base, trees) } : {})
  })
}

function extraTreesSettings(base: string, trees: number | undefined): Partial<ForestOptions> {
  return {
    // Half of the features per node halves the time; per-pair physics leaves so little that it costs no error.
    ...(base === 'physicsPair' ? { featureShare: 0.5 } : {}),
    ...(trees === undefined ? {} : { trees })
  }
}

export const rooflineCandidate = 'residual:roofline+extraTrees'

/**
 * What automatic choice and stacking choose from: a few estimators that fail differently. Trees on the robust mix
 * hold on layers of real networks (the first is what automatic choice falls back to), those on per-pair physics and
 * the Gaussian process on smooth grids, the roofline on accelerators, the physical terms where there are few shapes.
 */
export const candidates: readonly Estimator[] = candidatesWith()

/** The same with fewer trees: good enough to be compared, several times as fast. */
export const candidatesToCompare: readonly Estimator[] = candidatesWith(40)

function candidatesWith(trees?: number): Estimator[] {
  return [
    residuals('physics', 'extraTrees', undefined, trees),
    residuals('physicsPair', 'extraTrees', undefined, trees),
    residuals('physicsPair', 'gaussianProcess'),
    residuals('roofline', 'extraTrees', rooflineCandidate, trees),
    physicsEstimator('physicsPair', 'pair', true)
  ]
}
