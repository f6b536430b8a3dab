import { AppError } from '../../../shared/errors'
import { auto } from './auto'
import { boostingSettings, residuals } from './candidates'
import { bopsLinear, cbopsLinear } from './linear'
import { logRegressor } from './logRegressor'
import { lookup } from './lookup'
import { physicsEstimator, roofline } from './physical'
import { scaleFree } from './scaleFree'
import { stacking } from './stacking'
import { twoStage } from './twoStage'
import { estimatorNames } from '../../../shared/vocabulary'
import type { Estimator } from './estimator'

/** The estimator of a name; `residual:BASE+REGRESSOR` names any base with any regression. Throws input.invalid. */
export function estimatorByName(name: string): Estimator {
  return scaleFree(namedEstimator(name))
}

function namedEstimator(name: string): Estimator {
  switch (name) {
    case 'auto':
      return auto
    case 'bopsLinear':
      return bopsLinear
    case 'cbopsLinear':
      return cbopsLinear
    case 'physics':
      return physicsEstimator('physics', 'mix', true)
    case 'physicsGlobal':
      return physicsEstimator('physicsGlobal', 'global', true)
    case 'physicsPair':
      return physicsEstimator('physicsPair', 'pair', false)
    case 'roofline':
      return roofline
    case 'forest':
      return logRegressor('forest', 'random forest of log time', 'forest', 'cbops+')
    case 'extraTrees':
      return logRegressor('extraTrees', 'extra trees of log time', 'extraTrees', 'physics')
    case 'boosting':
      return logRegressor(
        'boosting',
        'gradient boosting of log time',
        'boosting',
        'physics',
        boostingSettings
      )
    case 'gaussianProcess':
      return logRegressor('gaussianProcess', 'Gaussian process of log time', 'gaussianProcess', 'physics')
    case 'twoStage':
      return twoStage
    case 'residual':
      return residuals('physics', 'extraTrees', 'residual')
    case 'lookup':
      return lookup
    case 'stacking':
      return stacking
    default: {
      const residual = /^residual:([A-Za-z]+)\+([A-Za-z]+)$/.exec(name)
      if (residual !== null) return residuals(residual[1], residual[2], name)
      throw new AppError(
        'input.invalid',
        `There is no estimator "${name}".`,
        `Use one of ${estimatorNames.join(', ')}, or residual:BASE+REGRESSOR.`
      )
    }
  }
}
