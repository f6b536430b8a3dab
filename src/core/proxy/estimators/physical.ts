import { fitPhysics, predictPhysics, type PhysicsFit, type PhysicsKind } from '../physics/physics'
import { fitRoofline, predictRoofline } from '../physics/roofline'
import { joinSamples, type ShapeRows } from '../samples'
import type { Estimator, LatencyModel, ModelJson } from './estimator'

type PhysicsJson = Extract<ModelJson, { kind: 'physics' }>
type RooflineJson = Extract<ModelJson, { kind: 'roofline' }>

const titles: Record<PhysicsKind, string> = {
  global: 'physical terms, one fit',
  pair: 'physical terms per bit pair, shrunk to one fit',
  mix: 'physical terms, mean of one fit and per bit pair'
}

/** Relative-error non-negative least squares on physical terms (physics.ts). */
export function physicsEstimator(name: string, base: PhysicsKind, robust: boolean): Estimator {
  return {
    name,
    title: titles[base] + (robust ? ', robust' : ''),
    fit(samples, { extra }) {
      const all = extra === undefined ? samples : joinSamples([samples, extra])
      const fit = fitPhysics(all, robust)
      return physicsModel({
        kind: 'physics',
        base,
        robust,
        terms: fit.terms,
        global: Array.from(fit.global),
        pairs: [...fit.pairs].map(([key, coefficients]) => ({ key, coefficients: Array.from(coefficients) }))
      })
    }
  }
}

/** Returns the model of stored physical terms. */
export function physicsModel(json: PhysicsJson): LatencyModel {
  const fit: PhysicsFit = {
    // Proxies that were saved before there were several sets have none named.
    terms: json.terms ?? 'plain',
    global: Float64Array.from(json.global),
    pairs: new Map(json.pairs.map(({ key, coefficients }) => [key, Float64Array.from(coefficients)]))
  }
  return {
    description: titles[json.base] + (json.robust ? ', robust' : ''),
    predict: (rows) => predictPhysics(fit, rows, json.base),
    toJSON: () => json
  }
}

/** The estimator `roofline`: time is the larger of computing and moving. */
export const roofline: Estimator = {
  name: 'roofline',
  title: 'roofline: the larger of a computing and a moving part',
  fit(samples, { extra }) {
    const all = extra === undefined ? samples : joinSamples([samples, extra])
    const fit = fitRoofline(all, all.time)
    return rooflineModel({
      kind: 'roofline',
      compute: Array.from(fit.compute),
      memory: Array.from(fit.memory)
    })
  }
}

/** Returns the model of a stored roofline: the larger of computing and moving. */
export function rooflineModel(json: RooflineJson): LatencyModel {
  return {
    description: 'roofline',
    predict: (rows) => {
      const { compute, memory } = rooflineParts(json, rows)
      return compute.map((time, row) => Math.max(time, memory[row]))
    },
    toJSON: () => json
  }
}

/** Times of computing and of moving data, per row, in the unit of the samples. */
export function rooflineParts(
  json: RooflineJson,
  rows: ShapeRows
): { compute: Float64Array; memory: Float64Array } {
  return predictRoofline(
    { compute: Float64Array.from(json.compute), memory: Float64Array.from(json.memory) },
    rows
  )
}
