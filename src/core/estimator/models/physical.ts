import { relativeNnls } from '../../math/nnls'
import type { FeatureMatrix } from '../../regression/featureMatrix'
import { fitRegressor, regressorFromJson, type RegressorJson } from '../../regression/regressors'
import { floorOf } from './leastSquares'
import { productColumns, productsUpTo, type Product } from './products'
import type { FittedStage, StageFit } from './stageFit'

/** Stored form of physical terms with their residual. */
export interface PhysicalJson {
  kind: 'physical'
  /** Terms with a coefficient above 0, as positions of columns. */
  terms: number[][]
  coefficients: number[]
  floor: number
  /** Boosted trees on the logarithm of time over the terms; absent where there are too few rows. */
  residual?: RegressorJson
}

/** Work grows with products of up to three knobs: tokens x blocks x experts. */
const degree = 3
/** Rows beyond this say nothing new about the few coefficients of the terms. */
const termRows = 20_000
const boosting = { trees: 60, rate: 0.15, maxDepth: 4, l2: 3, minLeaf: 3, patience: 12 }
/** Fewest rows that bear trees. */
const residualRows = 40

/**
 * Physical terms (a constant for launches, sizes moved, products for arithmetic), non-negative least squares of the
 * relative error, times the exponential of boosted trees on what they leave.
 */
export function fitPhysical(fit: StageFit): FittedStage<PhysicalJson> {
  const { matrix, times } = fit
  const sized = matrix.columns.map((column) => column.every((value) => value >= 0))
  const products: Product[] = [
    [],
    ...productsUpTo(matrix, degree).filter((product) => product.every((at) => sized[at]))
  ]
  const step = Math.max(1, Math.ceil(times.length / termRows))
  const rows = Array.from(times.keys()).filter((row) => row % step === 0)
  const coefficients = relativeNnls(productColumns(matrix, products), times, { rows })
  const kept = products.flatMap((product, at) =>
    coefficients[at] > 0 ? [{ product, weight: coefficients[at] }] : []
  )
  const json: PhysicalJson = {
    kind: 'physical',
    terms: kept.map(({ product }) => [...product]),
    coefficients: kept.map(({ weight }) => weight),
    floor: floorOf(times)
  }
  if (times.length < residualRows) return physicalFromJson(json)
  const base = baseOf(json, matrix)
  const logs = times.map((time, row) => Math.log(time / base[row]))
  const residual = fitRegressor('boosting', matrix, logs, { seed: fit.seed, groupOf: fit.groupOf, boosting })
  return physicalFromJson({ ...json, residual: residual.toJSON() })
}

/** Adds weight x product of columns, without a column of its own: a million candidates have many terms. */
function addTerm(sums: Float64Array, { columns, count }: FeatureMatrix, term: Product, weight: number): void {
  const [a, b, c] = term.map((at) => columns[at])
  if (a === undefined) for (let row = 0; row < count; row++) sums[row] += weight
  else if (b === undefined) for (let row = 0; row < count; row++) sums[row] += weight * a[row]
  else if (c === undefined) for (let row = 0; row < count; row++) sums[row] += weight * a[row] * b[row]
  else for (let row = 0; row < count; row++) sums[row] += weight * a[row] * b[row] * c[row]
}

function baseOf(json: PhysicalJson, matrix: FeatureMatrix): Float64Array {
  const sums = new Float64Array(matrix.count)
  json.terms.forEach((term, at) => {
    addTerm(sums, matrix, term, json.coefficients[at])
  })
  for (let row = 0; row < matrix.count; row++) if (!(sums[row] > json.floor)) sums[row] = json.floor
  return sums
}

/** Returns the stage model of stored physical terms. */
export function physicalFromJson(json: PhysicalJson): FittedStage<PhysicalJson> {
  const residual = json.residual === undefined ? null : regressorFromJson(json.residual)
  return {
    description: `${json.terms.length} physical terms${residual === null ? '' : ' with boosted residual'}`,
    predict(matrix) {
      const base = baseOf(json, matrix)
      if (residual === null) return base
      const logs = residual.predict(matrix)
      for (let row = 0; row < base.length; row++) base[row] *= Math.exp(logs[row])
      return base
    },
    toJSON: () => json
  }
}
