import { AppError } from '../../../shared/errors'
import type { FeatureMatrix } from '../../regression/featureMatrix'
import { intervalFactors } from '../../regression/interval'
import {
  encodeConfigurations,
  encodeTable,
  outsideRange,
  withOnlyValues,
  type Configuration,
  type KnobCodec
} from '../models/knobCodec'
import { stageModelFromJson, type StageModel, type StageModelJson } from '../models/stageModel'
import {
  jointFromJson,
  jointToJson,
  predictJoint,
  predictJointDecode,
  type JointJson,
  type JointNet
} from '../network/jointNet'
import type { Origin, StageModelName } from '../../../shared/vocabulary'
import { withoutAbsent, type AbsentStage } from '../samples/absence'
import { totalMs, type StageTable } from '../samples/stageTable'
import { positionFactor, type PositionEffect } from './position'

/** What a prediction of stages is made by. */
export type StageModels =
  | { kind: 'perStage'; models: readonly StageModel[] }
  | { kind: 'unified'; net: JointNet }
  /** One model of the total; its share per stage is the mean share measured. */
  | { kind: 'total'; model: StageModel; shares: readonly number[] }

/** A trained latency estimator: the content of best_latency_estimator.json, ready to predict. */
export interface LatencyEstimator {
  readonly model: StageModelName
  readonly stages: readonly string[]
  readonly codec: KnobCodec
  /** Stages that some configurations do not have. */
  readonly absent: readonly AbsentStage[]
  readonly position: PositionEffect
  readonly models: StageModels
  /** log(measured total / predicted total) of held-out configurations, ascending. */
  readonly logRatios: Float64Array
  /** Times of every row by stage, ms; NaN where the row's configuration does not have the stage. */
  predictMatrix(matrix: FeatureMatrix, tokens: Float64Array): Float64Array[]
}

/** Predicted times of one configuration, ms, with the 90 % interval of the total. */
export interface LatencyPrediction {
  /** Without the stages that the configuration does not have. */
  stagesMs: Record<string, number>
  totalMs: number
  /** Interval of the total. */
  lowMs: number
  highMs: number
  decodePerTokenMs: number | null
  /** Knobs outside what was measured; the interval is wider then. */
  warnings: string[]
}

/** Every range width outside the measured range widens the interval (its logarithm) by this much. */
const wideningPerRange = 2
/** Half-width (log) that every range width outside adds, whatever the interval inside is. */
const minWidening = 0.1

/** Returns a latency estimator of fitted parts. */
export function createEstimator(parts: Omit<LatencyEstimator, 'predictMatrix'>): LatencyEstimator {
  const { models, stages, absent } = parts
  return {
    ...parts,
    predictMatrix: (matrix, tokens) =>
      withoutAbsent(predictAll(models, stages, matrix, tokens), stages, absent, matrix)
  }
}

/** Times of every row by stage, ms, of all stages. */
function predictAll(
  models: StageModels,
  stages: readonly string[],
  matrix: FeatureMatrix,
  tokens: Float64Array
): Float64Array[] {
  switch (models.kind) {
    case 'perStage':
      return models.models.map((model) => model.predict(matrix))
    case 'total': {
      const total = models.model.predict(matrix)
      return models.shares.map((share) => total.map((time) => time * share))
    }
    case 'unified': {
      const outputs = predictJoint(
        models.net,
        matrix,
        tokens.map(() => 0)
      )
      const decodeAt = stages.indexOf('decode')
      if (decodeAt < 0) return outputs
      const rest = outputs.slice(0, -1)
      rest.splice(decodeAt, 0, predictJointDecode(models.net, matrix, tokens))
      return rest
    }
  }
}

/** Predicted stages of every row of a table, ms. */
export function predictTable(estimator: LatencyEstimator, table: StageTable): Float64Array[] {
  const tokens = table.outputTokens.map((value) => (Number.isNaN(value) ? 1 : value))
  return estimator.predictMatrix(encodeTable(estimator.codec, table), tokens)
}

/** Interval factors by level, of the ratios of an estimator: sliders request them again and again. */
const knownFactors = new WeakMap<Float64Array, Map<number, { low: number; high: number }>>()

function factorsOf(logRatios: Float64Array, level: number): { low: number; high: number } {
  const byLevel = knownFactors.get(logRatios) ?? new Map<number, { low: number; high: number }>()
  knownFactors.set(logRatios, byLevel)
  const factors = byLevel.get(level) ?? intervalFactors({ logRatios }, level)
  byLevel.set(level, factors)
  return factors
}

/** Predictions of configurations with an interval of the total at `level`. @throws input.invalid for missing knobs */
export function predictConfigurations(
  estimator: LatencyEstimator,
  given: readonly Configuration[],
  level = 0.9
): LatencyPrediction[] {
  const completed = given.map((one) => withOnlyValues(estimator.codec, one))
  const asked = completed.map(({ configuration }) => configuration)
  const matrix = encodeConfigurations(estimator.codec, asked)
  const tokens = Float64Array.from(asked, ({ outputTokens }) => outputTokens ?? 1)
  const stages = estimator.predictMatrix(matrix, tokens)
  const inside = factorsOf(estimator.logRatios, level)
  return asked.map((configuration, row) => {
    const stagesMs = Object.fromEntries(
      estimator.stages.flatMap((stage, at) =>
        Number.isNaN(stages[at][row]) ? [] : [[stage, stages[at][row]]]
      )
    )
    const total = totalMs(stages, row)
    const { distance, what } = outsideRange(estimator.codec, configuration)
    const widened = (factor: number): number =>
      Math.exp(
        Math.log(factor) * (1 + wideningPerRange * distance) +
          Math.sign(Math.log(factor)) * minWidening * distance
      )
    const decode = stagesMs['decode']
    return {
      stagesMs,
      totalMs: total,
      lowMs: total * widened(Math.min(1, inside.low)),
      highMs: total * widened(Math.max(1, inside.high)),
      decodePerTokenMs: decode === undefined ? null : decode / tokens[row],
      warnings: [
        ...completed[row].assumed.map((text) => `Not given: ${text} is used, the only value in training.`),
        ...what.map((text) => `Outside the measured range: ${text}; the interval is wider.`)
      ]
    }
  })
}

/** Decode time of the token at one position, ms. @throws input.invalid outside 1..outputTokens */
export function decodeAtPosition(
  estimator: LatencyEstimator,
  given: Configuration,
  position: number
): number {
  const asked = withOnlyValues(estimator.codec, given).configuration
  const tokens = asked.outputTokens ?? 0
  if (
    !Number.isInteger(position) ||
    position < 1 ||
    position > tokens ||
    !estimator.stages.includes('decode')
  ) {
    throw new AppError(
      'input.invalid',
      `There is no output token ${position} of ${tokens}.`,
      'Positions run from 1 to the output tokens, for estimators with a decode stage.'
    )
  }
  const { models } = estimator
  if (models.kind === 'unified' && models.net.maxTokens > 0) {
    const outputs = predictJoint(
      models.net,
      encodeConfigurations(estimator.codec, [asked]),
      Float64Array.of(position)
    )
    return outputs[outputs.length - 1][0]
  }
  const [{ decodePerTokenMs }] = predictConfigurations(estimator, [asked])
  if (decodePerTokenMs === null) {
    throw new AppError(
      'input.invalid',
      'This configuration has no decode stage.',
      'Samples of its kind had none in training; leave the position out.'
    )
  }
  return decodePerTokenMs * positionFactor(estimator.position, position, tokens)
}

/** Name of the file format. */
export const estimatorFormat = 'bitbench-latency-estimator'
/** Newest version of the file format: 2 names absent stages, which a reader of version 1 would predict; without any it is 1. */
export const estimatorVersion = 2

/** An estimator as it is stored (format and version checked on read). */
export interface EstimatorJson {
  format: typeof estimatorFormat
  version: number
  model: StageModelName
  stages: string[]
  codec: KnobCodec
  absent?: AbsentStage[]
  position: PositionEffect
  logRatios: number[]
  models:
    | { kind: 'perStage'; models: StageModelJson[] }
    | { kind: 'unified'; net: JointJson }
    | { kind: 'total'; model: StageModelJson; shares: number[] }
  seed: number
  origin: Origin
  /** SHA-256 of the samples it was trained on, and how many. */
  dataHash: string
  rows: { train: number; validation: number }
}

/** Returns an estimator in its stored form. */
export function estimatorToJson(
  estimator: LatencyEstimator,
  facts: Pick<EstimatorJson, 'seed' | 'origin' | 'dataHash' | 'rows'>
): EstimatorJson {
  const { models } = estimator
  const stored: EstimatorJson['models'] =
    models.kind === 'unified'
      ? { kind: 'unified', net: jointToJson(models.net) }
      : models.kind === 'total'
        ? { kind: 'total', model: models.model.toJSON(), shares: [...models.shares] }
        : { kind: 'perStage', models: models.models.map((model) => model.toJSON()) }
  return {
    format: estimatorFormat,
    version: estimator.absent.length > 0 ? estimatorVersion : 1,
    model: estimator.model,
    stages: [...estimator.stages],
    codec: estimator.codec,
    ...(estimator.absent.length > 0 ? { absent: [...estimator.absent] } : {}),
    position: estimator.position,
    logRatios: Array.from(estimator.logRatios),
    models: stored,
    ...facts
  }
}

/** Returns a stored estimator. @throws input.unsupported for other files and newer versions */
export function estimatorFromJson(json: EstimatorJson): LatencyEstimator {
  if (json.format !== estimatorFormat || json.version > estimatorVersion) {
    throw new AppError(
      'input.unsupported',
      json.format === estimatorFormat
        ? `The estimator has version ${json.version}; this Bitbench reads ${estimatorVersion}.`
        : 'This is not a latency estimator.',
      'Give best_latency_estimator.json of `bitbench estimator train`, or update Bitbench.'
    )
  }
  const { models } = json
  const revived: StageModels =
    models.kind === 'unified'
      ? { kind: 'unified', net: jointFromJson(models.net) }
      : models.kind === 'total'
        ? { kind: 'total', model: stageModelFromJson(models.model), shares: models.shares }
        : { kind: 'perStage', models: models.models.map(stageModelFromJson) }
  return createEstimator({
    model: json.model,
    stages: json.stages,
    codec: json.codec,
    absent: json.absent ?? [],
    position: json.position,
    models: revived,
    logRatios: Float64Array.from(json.logRatios)
  })
}
