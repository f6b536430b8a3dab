import type { Estimator, LatencyModel, ModelJson } from './estimator'

type BlendJson = Extract<ModelJson, { kind: 'blend' }>

/** An estimator of a blend and its weight. */
export interface BlendMember {
  estimator: Estimator
  /** > 0; the weights of a blend sum to 1. */
  weight: number
}

/** Weighted geometric mean of several estimators: errors that do not agree cancel. */
export function blendEstimator(name: string, members: readonly BlendMember[]): Estimator {
  if (members.length === 1) return { ...members[0].estimator, name }
  return {
    name,
    title: `blend of ${members.map(({ estimator, weight }) => `${estimator.name} ${weight.toFixed(2)}`).join(', ')}`,
    fit(samples, options) {
      const models = members.map(({ estimator }) => estimator.fit(samples, options))
      return blendModel(
        { kind: 'blend', members: members.map(({ weight }, at) => ({ weight, model: models[at].toJSON() })) },
        models
      )
    }
  }
}

/** Returns the weighted geometric mean of fitted models. */
export function blendModel(json: BlendJson, models: readonly LatencyModel[]): LatencyModel {
  return {
    description: json.members
      .map(({ weight }, at) => `${weight.toFixed(2)} x (${models[at].description})`)
      .join(' + '),
    predict(rows) {
      const logs = new Float64Array(rows.count)
      json.members.forEach(({ weight }, at) => {
        const predicted = models[at].predict(rows)
        for (let row = 0; row < rows.count; row++) logs[row] += weight * Math.log(predicted[row])
      })
      return logs.map(Math.exp)
    },
    importance() {
      const shares = new Map<string, number>()
      json.members.forEach(({ weight }, at) => {
        for (const { feature, share } of models[at].importance?.() ?? []) {
          shares.set(feature, (shares.get(feature) ?? 0) + weight * share)
        }
      })
      const total = [...shares.values()].reduce((sum, share) => sum + share, 0)
      return [...shares]
        .map(([feature, share]) => ({ feature, share: share / total }))
        .sort((a, b) => b.share - a.share)
    },
    toJSON: () => json
  }
}
