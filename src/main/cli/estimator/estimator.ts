import { collectVerb } from './estimatorCollect'
import { stageCalibrateVerb } from './estimatorCalibrate'
import { stageEvaluateVerb, figuresVerb } from './estimatorEvaluate'
import { guardrailVerb } from './estimatorGuardrail'
import { predictVerb, testVerb } from './estimatorPredict'
import { trainVerb } from './estimatorTrain'
import { stageTransferVerb } from './estimatorTransfer'
import type { CliNoun } from '../framework/framework'

/** `bitbench estimator`: latency by stage, on files alone; only `collect` keeps what it measures in the data file. */
export const estimatorCli: CliNoun = {
  noun: 'estimator',
  verbs: {
    collect: collectVerb,
    train: trainVerb,
    evaluate: stageEvaluateVerb,
    figures: figuresVerb,
    test: testVerb,
    predict: predictVerb,
    calibrate: stageCalibrateVerb,
    transfer: stageTransferVerb,
    guardrail: guardrailVerb
  }
}
