import type { SampleTable } from '../samples'
import type { Estimator, FitOptions, LatencyModel, ModelJson } from './estimator'

type ScaledJson = Extract<ModelJson, { kind: 'scaled' }>

/** Times are fitted as they are while their geometric mean lies here and none is below 1: counts of cycles do. */
const [minMean, maxMean] = [2 ** 10, 2 ** 40]
/** Where the geometric mean of other times is brought, by a power of two, which rounds nothing. */
const wantedMean = 2 ** 20
/** Their shortest one is brought at least here: floors of estimators then lie far below it. */
const wantedLeast = 2 ** 10

/**
 * Makes an estimator free of scale: times in seconds or milliseconds give the same relative predictions as the same
 * times in cycles. Floors and tolerances of estimators are of the size of a cycle.
 */
export function scaleFree(estimator: Estimator): Estimator {
  const { choose } = estimator
  return {
    name: estimator.name,
    title: estimator.title,
    fit(samples, options) {
      const factor = factorFor(samples)
      if (factor === 1) return estimator.fit(samples, options)
      const model = estimator.fit(scaled(samples, factor), scaledOptions(options, factor))
      return scaledModel({ kind: 'scaled', factor, model: model.toJSON() }, model)
    },
    ...(choose === undefined
      ? {}
      : {
          choose(samples, options) {
            const factor = factorFor(samples)
            return scaleFree(choose(scaled(samples, factor), scaledOptions(options, factor)))
          }
        })
  }
}

/** The model of scaled times, with times as they were. */
export function scaledModel(json: ScaledJson, model: LatencyModel): LatencyModel {
  const { deviation, importance } = model
  return {
    description: model.description,
    predict: (rows) => model.predict(rows).map((time) => time / json.factor),
    ...(deviation === undefined ? {} : { deviation: (rows) => deviation.call(model, rows) }),
    ...(importance === undefined ? {} : { importance: () => importance.call(model) }),
    toJSON: () => json
  }
}

function factorFor({ time, count }: SampleTable): number {
  let sum = 0
  let least = Infinity
  for (let row = 0; row < count; row++) {
    sum += Math.log2(time[row])
    least = Math.min(least, time[row])
  }
  const mean = 2 ** (sum / Math.max(1, count))
  if (count === 0 || (mean >= minMean && mean <= maxMean && least >= 1)) return 1
  return 2 ** Math.round(Math.log2(Math.max(wantedMean / mean, wantedLeast / least)))
}

const scaled = (samples: SampleTable, factor: number): SampleTable =>
  factor === 1 ? samples : { ...samples, time: samples.time.map((time) => time * factor) }

const scaledOptions = (options: FitOptions, factor: number): FitOptions =>
  options.extra === undefined ? options : { ...options, extra: scaled(options.extra, factor) }
