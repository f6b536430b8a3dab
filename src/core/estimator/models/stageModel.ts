import type { StageModelName } from '../../../shared/vocabulary'
import { AppError } from '../../../shared/errors'
import type { FittedStage, StageFit } from './stageFit'
import { fitGaussian, gaussianFromJson, type GaussianJson } from './gaussian'
import { fitLinear, linearFromJson, type LinearJson } from './linear'
import { fitMlp, mlpFromJson, type MlpJson } from './mlp'
import { fitPhysical, physicalFromJson, type PhysicalJson } from './physical'
import { fitPolynomial, polynomialFromJson, type PolynomialJson } from './polynomial'

/** Stored form of a stage model of any kind. */
export type StageModelJson = LinearJson | PolynomialJson | PhysicalJson | GaussianJson | MlpJson

/** A fitted stage of any kind. */
export type StageModel = FittedStage<StageModelJson>

export type { StageFit }

/** Fits one stage. The MLP of several stages with the documents' loss is in mlpTraining.ts. */
export function fitStageModel(name: StageModelName, fit: StageFit): StageModel {
  switch (name) {
    case 'physical':
      return fitPhysical(fit)
    case 'linear':
      return fitLinear(fit)
    case 'polynomial':
      return fitPolynomial(fit)
    case 'mlp':
      return fitMlp(fit)
    case 'gaussianProcess':
      return fitGaussian(fit)
  }
}

/** Returns a stored model of any kind. @throws input.unsupported for a model written by a newer version */
export function stageModelFromJson(json: StageModelJson): StageModel {
  switch (json.kind) {
    case 'physical':
      return physicalFromJson(json)
    case 'linear':
      return linearFromJson(json)
    case 'polynomial':
      return polynomialFromJson(json)
    case 'mlp':
      return mlpFromJson(json)
    case 'gaussianProcess':
      return gaussianFromJson(json)
    default:
      throw new AppError(
        'input.unsupported',
        `The estimator holds an unknown model "${String((json as { kind: unknown }).kind)}".`,
        'It was written by a newer Bitbench; update, or train again.'
      )
  }
}
