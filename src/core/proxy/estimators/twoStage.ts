import { extractFeatures, type FeatureSet } from '../features'
import { pooledError } from '../fit/holdout'
import { metricsOf } from '../../regression/metrics'
import { pairKey } from '../physics/physics'
import { fitRegressor, regressorFromJson, type RegressorKind } from '../../regression/regressors'
import { joinSamples, takeSamples, type SampleTable } from '../samples'
import type { Estimator, FitOptions, LatencyModel, ModelJson } from './estimator'

type TwoStageJson = Extract<ModelJson, { kind: 'twoStage' }>

/** Models and features of the two stages: time at the reference bits, and speed-up of the others. */
export interface TwoStageConfiguration {
  baseModel: RegressorKind
  speedupModel: RegressorKind
  baseFeatures: 'raw' | 'macs'
  speedupFeatures: 'cbops' | 'cbops+'
}

const models: RegressorKind[] = ['forest', 'boosting']

/** All 16 configurations of the published study: forest or boosting for both stages, two feature sets for each. */
export const twoStageConfigurations: readonly TwoStageConfiguration[] = models.flatMap((baseModel) =>
  models.flatMap((speedupModel) =>
    (['raw', 'macs'] as const).flatMap((baseFeatures) =>
      (['cbops', 'cbops+'] as const).map((speedupFeatures) => ({
        baseModel,
        speedupModel,
        baseFeatures,
        speedupFeatures
      }))
    )
  )
)

/** XGBRegressor's own defaults, which the published study used. */
const referenceBoosting = { trees: 100, rate: 0.3, maxDepth: 6, l2: 1, maxBins: 256 }

/**
 * The two-stage proxy: latency at INT8 from the shape alone, times a speedup factor from precision features; both
 * stages on log(1 + y). Where no row is INT8, the widest pair measured takes its place. Chooses its configuration by
 * unseen-shape error (the published study chose by training error).
 */
export const twoStage: Estimator = {
  name: 'twoStage',
  title: 'two stages: INT8 latency, then speedup (best of 16)',
  fit: (samples, options) => chooseConfiguration(samples, options).fit(samples, options),
  choose: (samples, options) => chooseConfiguration(samples, options)
}

/** The same with the published study's own rule: the configuration of least error on the rows it was fitted to. */
export const twoStageByTraining: Estimator = {
  name: 'twoStageByTraining',
  title: 'two stages, configuration by training error (best of 16)',
  fit: (samples, options) => chooseConfiguration(samples, options, trainingError).fit(samples, options),
  choose: (samples, options) => chooseConfiguration(samples, options, trainingError)
}

/** Error of an estimator on samples, percent: what a configuration is chosen by. */
type ConfigurationError = (samples: SampleTable, estimator: Estimator, options: FitOptions) => number

const trainingError: ConfigurationError = (samples, estimator, options) =>
  metricsOf(estimator.fit(samples, options).predict(samples), samples.time).mape

function chooseConfiguration(
  samples: SampleTable,
  options: FitOptions,
  errorOf: ConfigurationError = pooledError
): Estimator {
  let best: { estimator: Estimator; mape: number } | null = null
  twoStageConfigurations.forEach((configuration, at) => {
    const estimator = twoStageEstimator(configuration)
    const mape = errorOf(samples, estimator, {
      seed: options.seed,
      ...(options.extra && { extra: options.extra })
    })
    options.onProgress?.(at + 1, twoStageConfigurations.length, estimator.title)
    if (best === null || mape < best.mape) best = { estimator, mape }
  })
  return (best as { estimator: Estimator } | null)?.estimator ?? twoStageEstimator(twoStageConfigurations[0])
}

/** Returns the MiCo paper's two-stage estimator with one configuration. */
export function twoStageEstimator(configuration: TwoStageConfiguration): Estimator {
  const { baseModel, speedupModel, baseFeatures, speedupFeatures } = configuration
  return {
    name: 'twoStage',
    title: `two stages: ${baseModel} on ${baseFeatures}, ${speedupModel} on ${speedupFeatures}`,
    fit(samples, { seed, extra }) {
      const all = extra === undefined ? samples : joinSamples([samples, extra])
      const referenceBits = referencePair(all)
      const isReference = (row: number): boolean =>
        all.activationBits[row] === referenceBits[0] && all.weightBits[row] === referenceBits[1]
      const reference = takeSamples(all, rowsWhere(all.count, isReference))
      const others = takeSamples(
        all,
        rowsWhere(all.count, (row) => !isReference(row))
      )
      const settings = { seed, boosting: referenceBoosting }
      const base = fitRegressor(
        baseModel,
        extractFeatures(reference, baseFeatures, { withoutPrecision: true }),
        reference.time.map(Math.log1p),
        settings
      )
      const baseTime = base
        .predict(extractFeatures(others, baseFeatures, { withoutPrecision: true }))
        .map(Math.expm1)
      const speedup =
        others.count === 0
          ? null
          : fitRegressor(
              speedupModel,
              extractFeatures(others, speedupFeatures),
              others.time.map((time, row) => Math.log1p(time / Math.max(baseTime[row], 1))),
              settings
            )
      return twoStageModel({
        kind: 'twoStage',
        referenceBits,
        baseFeatures,
        speedupFeatures,
        base: base.toJSON(),
        speedup: speedup === null ? null : speedup.toJSON()
      })
    }
  }
}

/** Returns the model of stored two stages. */
export function twoStageModel(json: TwoStageJson): LatencyModel {
  const base = regressorFromJson(json.base)
  const speedup = json.speedup === null ? null : regressorFromJson(json.speedup)
  const baseFeatures = json.baseFeatures as FeatureSet
  const speedupFeatures = json.speedupFeatures as FeatureSet
  return {
    description: `two stages: ${base.kind} on ${baseFeatures}, ${speedup?.kind ?? 'none'} on ${speedupFeatures}`,
    predict(rows) {
      const predicted = base
        .predict(extractFeatures(rows, baseFeatures, { withoutPrecision: true }))
        .map(Math.expm1)
      const factor = speedup?.predict(extractFeatures(rows, speedupFeatures)).map(Math.expm1)
      return predicted.map((time, row) => {
        const isReference =
          rows.activationBits[row] === json.referenceBits[0] && rows.weightBits[row] === json.referenceBits[1]
        return Math.max(1, Math.max(time, 1) * (isReference || factor === undefined ? 1 : factor[row]))
      })
    },
    toJSON: () => json
  }
}

/** INT8 where measured, else the pair with the most bits. */
function referencePair(samples: SampleTable): [number, number] {
  let best = 0
  let bits: [number, number] = [8, 8]
  for (let row = 0; row < samples.count; row++) {
    const [qa, qw] = [samples.activationBits[row], samples.weightBits[row]]
    if (qa === 8 && qw === 8) return [8, 8]
    const rank = qa * qw * 4096 + pairKey(qa, qw)
    if (rank >= best) [best, bits] = [rank, [qa, qw]]
  }
  return bits
}

function rowsWhere(count: number, keep: (row: number) => boolean): number[] {
  const rows: number[] = []
  for (let row = 0; row < count; row++) if (keep(row)) rows.push(row)
  return rows
}
