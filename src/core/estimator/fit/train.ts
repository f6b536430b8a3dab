import { AppError } from '../../../shared/errors'
import { calibrateInterval, coverageOf } from './intervals'
import { takeFeatures } from '../design'
import { encodeTable, knobCodec } from '../models/knobCodec'
import { mlpDefaults } from '../models/mlp'
import type { StageModelName } from '../../../shared/vocabulary'
import { fitStageModel } from '../models/stageModel'
import { trainJointNet, type EpochRecord, type JointSamples } from '../network/jointNet'
import { absentStages, type AbsentStage } from '../samples/absence'
import { takeRows, totalMs, type StageTable } from '../samples/stageTable'
import { latencyErrors } from './errors'
import { createEstimator, predictTable, type LatencyEstimator, type StageModels } from './estimator'
import { fitPositionEffect } from './position'
import { splitByConfiguration, type ConfigurationSplit } from './split'

/** How an estimator is trained. */
export interface TrainOptions {
  model: StageModelName
  /** perStage: a model per stage; unified: one network (mlp only); total: one model of the sum, for comparison. */
  structure?: StageModels['kind']
  seed: number
  validationShare: number
  epochs?: number
  batchSize?: number
  rate?: number
  onEpoch?: (record: TrainedEpoch) => void
}

/** One line of the training log; errors are those of the validation rows. */
export interface TrainedEpoch extends EpochRecord {
  prefillMaeMs: number | null
  decodeMaeMs: number | null
  /** Prefill MAE / mean, percent. */
  relative: number | null
}

/** A trained estimator with its split, loss curve and held-out coverage. */
export interface Trained {
  estimator: LatencyEstimator
  split: ConfigurationSplit
  history: TrainedEpoch[]
  /** Share of held-out totals inside the 90 % interval that was calibrated without their configuration; null for few. */
  coverage: number | null
}

const jointHidden = [32, 32]
/** The documents' weights: prefill 2, everything else 1. */
const stageWeight = (stage: string): number => (stage === 'prefill' ? 2 : 1)

/** Trains and calibrates the interval on held-out configurations. @throws data.invalid for too few rows, or stages absent without a reason */
export function trainEstimator(table: StageTable, options: TrainOptions): Trained {
  if (table.count < 8) {
    throw new AppError(
      'data.invalid',
      `${table.count} samples are too few to train an estimator; 8 are needed.`,
      'Measure more configurations.'
    )
  }
  const absent = absentStages(table)
  const split = splitByConfiguration(table, options.validationShare, options.seed)
  const structure =
    options.structure ?? (options.model === 'mlp' && absent.length === 0 ? 'unified' : 'perStage')
  if (structure !== 'perStage') requireAllStages(absent)
  const { models, history } = fitModels(table, split, structure, options)
  const parts = {
    model: options.model,
    stages: table.stages,
    codec: knobCodec(table),
    absent,
    position: fitPositionEffect(takeRows(table, split.train)),
    models
  }
  const bare = createEstimator({ ...parts, logRatios: new Float64Array(0) })
  const judged = takeRows(table, split.validation.length > 0 ? split.validation : split.train)
  const predicted = predictTable(bare, judged)
  const totals = Float64Array.from({ length: judged.count }, (_, row) => totalMs(judged.times, row))
  const sums = Float64Array.from({ length: judged.count }, (_, row) => totalMs(predicted, row))
  const logRatios = calibrateInterval(sums, totals)
  const groups = Int32Array.from(split.validation, (row) => split.groupOf[row])
  return {
    estimator: createEstimator({ ...parts, logRatios }),
    split,
    history,
    coverage: split.validation.length > 0 ? coverageOf(sums, totals, groups) : null
  }
}

/** A network for all stages and shares of a total have one set of stages. @throws data.invalid */
function requireAllStages([missing]: readonly AbsentStage[]): void {
  if (missing === undefined) return
  throw new AppError(
    'data.invalid',
    `The stage ${missing.stage} is missing where ${missing.knob} is ${missing.levels.join(' or ')}, and this structure has the same stages everywhere.`,
    'Train a model per stage.'
  )
}

function fitModels(
  table: StageTable,
  split: ConfigurationSplit,
  structure: StageModels['kind'],
  options: TrainOptions
): { models: StageModels; history: TrainedEpoch[] } {
  const matrix = encodeTable(knobCodec(table), table)
  if (structure === 'unified') return fitUnified(table, split, options)
  const fitOf = (times: Float64Array) => {
    const rows = split.train.filter((row) => !Number.isNaN(times[row]))
    return fitStageModel(options.model, {
      matrix: takeFeatures(matrix, rows),
      times: Float64Array.from(rows, (row) => times[row]),
      groupOf: Int32Array.from(rows, (row) => split.groupOf[row]),
      seed: options.seed
    })
  }
  if (structure === 'total') {
    const total = Float64Array.from({ length: table.count }, (_, row) => totalMs(table.times, row))
    const shares = table.times.map(
      (times) => split.train.reduce((sum, row) => sum + times[row] / total[row], 0) / split.train.length
    )
    return { models: { kind: 'total', model: fitOf(total), shares }, history: [] }
  }
  return { models: { kind: 'perStage', models: table.times.map(fitOf) }, history: [] }
}

function fitUnified(table: StageTable, split: ConfigurationSplit, options: TrainOptions) {
  const parts = [split.train, split.validation].map((rows) => takeRows(table, rows))
  const [train, validation] = parts.map((part) => jointSamples(table, part))
  const history: TrainedEpoch[] = []
  const empty = { absent: [], position: fitPositionEffect(parts[0]), logRatios: new Float64Array(0) }
  const { net } = trainJointNet(train, validation, {
    hidden: jointHidden,
    epochs: options.epochs ?? mlpDefaults.epochs,
    batchSize: options.batchSize ?? mlpDefaults.batchSize,
    rate: options.rate ?? mlpDefaults.rate,
    seed: options.seed,
    onEpoch(record, current) {
      const estimator = createEstimator({
        ...empty,
        model: 'mlp',
        stages: table.stages,
        codec: knobCodec(table),
        models: { kind: 'unified', net: current }
      })
      const epoch = { ...record, ...stageErrors(estimator, parts[1].count > 0 ? parts[1] : parts[0]) }
      history.push(epoch)
      options.onEpoch?.(epoch)
    }
  })
  return { models: { kind: 'unified', net } satisfies StageModels, history }
}

function stageErrors(estimator: LatencyEstimator, judged: StageTable) {
  const predicted = predictTable(estimator, judged)
  const errors = (stage: string) => {
    const at = judged.stages.indexOf(stage)
    return at < 0 ? null : latencyErrors(predicted[at], judged.times[at])
  }
  const prefill = errors('prefill')
  return {
    prefillMaeMs: prefill?.maeMs ?? null,
    decodeMaeMs: errors('decode')?.maeMs ?? null,
    relative: prefill?.relative ?? null
  }
}

function jointSamples(whole: StageTable, part: StageTable): JointSamples {
  const decodeAt = whole.stages.indexOf('decode')
  const others = whole.stages.flatMap((_, at) => (at === decodeAt ? [] : [at]))
  return {
    matrix: encodeTable(knobCodec(whole), part),
    stages: others.map((at) => part.times[at]),
    weights: others.map((at) => stageWeight(whole.stages[at])),
    decode: decodeAt < 0 ? null : part.times[decodeAt],
    tokens: part.outputTokens.map((value) => (Number.isNaN(value) ? 1 : value)),
    perToken: part.decodePerTokenMs
  }
}
