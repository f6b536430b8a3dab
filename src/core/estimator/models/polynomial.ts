import { takeFeatures } from '../design'
import { floorOf, ridgeFit, weightedSum } from './leastSquares'
import { productColumns, productsUpTo } from './products'
import type { FittedStage, StageFit } from './stageFit'

/** Stored form of a polynomial stage model; no prediction is below `floor`, ms. */
export interface PolynomialJson {
  kind: 'polynomial'
  degree: number
  weights: number[]
  floor: number
}

const degrees = [1, 2, 3] as const
const folds = 4
/** More rows than this are thinned for the choice of the degree, not for the fit. */
const choiceRows = 4000

/** Least squares of the relative error on all products of knobs; the degree is chosen by held-out configurations. */
export function fitPolynomial(fit: StageFit): FittedStage<PolynomialJson> {
  let degree: number = degrees[0]
  let lowest = Infinity
  for (const candidate of degrees) {
    if (productsUpTo(fit.matrix, candidate).length * 2 > fit.times.length && candidate > 1) break
    const error = holdoutError(fit, candidate)
    if (error < lowest) [lowest, degree] = [error, candidate]
  }
  return fitDegree(fit, degree)
}

function fitDegree({ matrix, times }: StageFit, degree: number): FittedStage<PolynomialJson> {
  const columns = productColumns(matrix, productsUpTo(matrix, degree))
  const weights = ridgeFit(
    columns,
    times,
    times.map((time) => 1 / (time * time)),
    1e-7
  )
  return polynomialFromJson({
    kind: 'polynomial',
    degree,
    weights: Array.from(weights),
    floor: floorOf(times)
  })
}

function holdoutError(fit: StageFit, degree: number): number {
  const step = Math.max(1, Math.ceil(fit.times.length / choiceRows))
  const rows = Array.from(fit.times.keys()).filter((row) => row % step === 0)
  let sum = 0
  for (let fold = 0; fold < folds; fold++) {
    const isTest = (row: number): boolean => fit.groupOf[row] % folds === fold
    const [train, test] = [rows.filter((row) => !isTest(row)), rows.filter(isTest)]
    if (train.length < 4 || test.length === 0) continue
    const model = fitDegree(
      {
        ...fit,
        matrix: takeFeatures(fit.matrix, train),
        times: Float64Array.from(train, (row) => fit.times[row])
      },
      degree
    )
    const predicted = model.predict(takeFeatures(fit.matrix, test))
    test.forEach((row, at) => (sum += Math.abs(predicted[at] / fit.times[row] - 1)))
  }
  return sum
}

/** Returns the stage model of a stored polynomial. */
export function polynomialFromJson(json: PolynomialJson): FittedStage<PolynomialJson> {
  const weights = Float64Array.from(json.weights)
  return {
    description: `polynomial of degree ${json.degree}`,
    predict: (matrix) =>
      weightedSum(
        weights,
        productColumns(matrix, productsUpTo(matrix, json.degree)),
        matrix.count,
        json.floor
      ),
    toJSON: () => json
  }
}
