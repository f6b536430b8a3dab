import { expect, it } from 'vitest'
import { boostingDefaults, growBoosted, predictBoosted } from '@core/regression/trees/boosting'

// Reference values: scikit-learn 1.9.1, HistGradientBoostingRegressor with 30 trees, rate 0.1, depth 4, at least 3 rows a
// leaf, L2 1, no early stopping. On the fitted rows both take the same cuts; between them cuts may lie elsewhere.
const reference: Readonly<Record<number, number>> = {
  0: 1.0247140973244797,
  1: 0.9860192889793149,
  17: 1.218437993215597,
  40: -0.11340992736918176,
  63: 0.5869732414858722,
  88: 1.6831318736322252,
  101: 0.456762846335627,
  119: 0.9005312599879118
}
const rmse = 0.09053087650767501

it('boosted trees equal those of scikit-learn on the rows they were fitted on', () => {
  const rows = Array.from({ length: 120 }, (_, at) => at)
  const column = (step: number, size: number): Float64Array =>
    Float64Array.from(rows, (at) => ((at * step) % size) / size)
  const columns = [column(37, 101), column(53, 97), column(29, 89)] as const
  const [a, b, c] = columns
  const y = a.map((value, at) => Math.sin(6 * value) + 4 * (b[at]! - 0.5) ** 2 + value * c[at]!)
  const matrix = { names: ['a', 'b', 'c'], columns: [...columns], count: rows.length }
  const options = { ...boostingDefaults, trees: 30, rate: 0.1, maxDepth: 4, minLeaf: 3, l2: 1, seed: 1 }
  const predicted = predictBoosted(growBoosted(matrix, y, options), matrix)
  for (const [row, value] of Object.entries(reference)) expect(predicted[Number(row)]).toBeCloseTo(value, 7)
  const squares = predicted.reduce((sum, value, row) => sum + (value - y[row]!) ** 2, 0)
  expect(Math.sqrt(squares / rows.length)).toBeCloseTo(rmse, 7)
})
