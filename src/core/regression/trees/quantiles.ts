import { AppError } from '../../../shared/errors'
import type { FeatureMatrix } from '../featureMatrix'
import { quantile } from '../../math/quantile'
import { valuesByTree } from './ensemble'
import type { TreeEnsemble } from './treeEnsemble'

/** Rows whose trees are evaluated at once: bounds the memory, whatever the number of rows. */
const blockRows = 4096

/**
 * Quantiles over the trees of a forest: result[k][row] is the quantile `fractions[k]` (0..1, type 7 of Hyndman and Fan)
 * of what the single trees predict for the row, in the unit the forest was fitted in. Throws input.invalid for
 * fractions outside 0..1 and for forests of fewer than two trees.
 *
 * Trees grown to single rows repeat the noise of their bootstrap, so that their spread shows noise and what the
 * sample leaves open, row by row and without held-out data. It promises no coverage and is too narrow, since trees of
 * one sample agree in its mistakes: show its measured coverage beside it, as for conformal intervals (interval.ts).
 * Quantiles of log time become quantiles of time by exp.
 */
export function predictQuantiles(
  trees: TreeEnsemble,
  matrix: FeatureMatrix,
  fractions: readonly number[]
): Float64Array[] {
  const count = trees.roots.length
  if (count < 2) {
    throw new AppError(
      'input.invalid',
      `Quantiles over ${count} trees do not exist.`,
      'Fit a forest of more trees, or use conformal intervals.'
    )
  }
  const wrong = fractions.find((fraction) => !(fraction >= 0 && fraction <= 1))
  if (wrong !== undefined) {
    throw new AppError(
      'input.invalid',
      `${wrong} is not a quantile.`,
      'Give fractions from 0 to 1, such as 0.05 and 0.95.'
    )
  }
  const result = fractions.map(() => new Float64Array(matrix.count))
  const ofRow = new Float64Array(count)
  for (let start = 0; start < matrix.count; start += blockRows) {
    const end = Math.min(start + blockRows, matrix.count)
    const rows = end - start
    const columns = matrix.columns.map((column) => column.subarray(start, end))
    const values = valuesByTree(trees, { names: matrix.names, columns, count: rows })
    for (let row = 0; row < rows; row++) {
      for (let tree = 0; tree < count; tree++) ofRow[tree] = values[tree * rows + row]
      ofRow.sort()
      for (let at = 0; at < fractions.length; at++) result[at][start + row] = quantile(ofRow, fractions[at])
    }
  }
  return result
}
