import { AppError } from '../../../shared/errors'
import { blendModel } from './blend'
import { linearModel } from './linear'
import { logRegressorModel } from './logRegressor'
import { lookupModel } from './lookup'
import { physicsModel, rooflineModel } from './physical'
import { residualModel } from './residual'
import { scaledModel } from './scaleFree'
import { twoStageModel } from './twoStage'
import type { LatencyModel, ModelJson } from './estimator'

/** A model from its JSON form; predictions equal those of the model that was saved. Throws proxy.invalid. */
export function modelFromJson(json: ModelJson): LatencyModel {
  switch (json.kind) {
    case 'linear':
      return linearModel(json)
    case 'physics':
      return physicsModel(json)
    case 'roofline':
      return rooflineModel(json)
    case 'logRegressor':
      return logRegressorModel(json)
    case 'twoStage':
      return twoStageModel(json)
    case 'residual':
      return residualModel(json, modelFromJson(json.base))
    case 'lookup':
      return lookupModel(json)
    case 'scaled':
      return scaledModel(json, modelFromJson(json.model))
    case 'blend':
      return blendModel(
        json,
        json.members.map((member) => modelFromJson(member.model))
      )
    default:
      throw new AppError(
        'proxy.invalid',
        `The proxy holds an unknown model "${String((json as { kind: unknown }).kind)}".`,
        'It was written by a newer Bitbench; update, or fit the proxy again.'
      )
  }
}
