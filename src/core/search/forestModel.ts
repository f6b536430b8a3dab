import { growForest } from '../proxy/trees/forest'
import { valuesByTree } from '../proxy/trees/ensemble'
import type { FitAccuracyModel } from './strategy'

/**
 * MiCo's accuracy model: a random forest, shallower the more dimensions there are (above 20, 40, 60), whose spread
 * over trees tells how sure it is.
 */
export const fitForestModel: FitAccuracyModel = (features, dims, accuracy, seed) => {
  const maxDepth = dims > 60 ? 4 : dims > 40 ? 6 : dims > 20 ? 8 : 12
  const trees = 100
  const ensemble = growForest(matrixOf(features, dims), accuracy, {
    trees,
    minLeaf: 1,
    maxDepth,
    featureShare: 1,
    seed
  })
  return {
    predict(rows) {
      const matrix = matrixOf(rows, dims)
      const values = valuesByTree(ensemble, matrix)
      const mean = new Float64Array(matrix.count)
      const deviation = new Float64Array(matrix.count)
      for (let row = 0; row < matrix.count; row++) {
        let sum = 0
        let squares = 0
        for (let tree = 0; tree < trees; tree++) {
          const value = values[tree * matrix.count + row]!
          sum += value
          squares += value * value
        }
        mean[row] = sum / trees
        deviation[row] = Math.sqrt(Math.max(0, squares / trees - mean[row]! ** 2))
      }
      return { mean, deviation }
    }
  }
}

function matrixOf(
  rows: Float64Array,
  dims: number
): { columns: Float64Array[]; names: string[]; count: number } {
  const count = rows.length / dims
  const columns = Array.from({ length: dims }, (_, dim) =>
    Float64Array.from({ length: count }, (_value, row) => rows[row * dims + dim]!)
  )
  return { columns, names: columns.map((_, dim) => `x${dim}`), count }
}
