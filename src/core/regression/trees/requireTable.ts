import { countOf } from '../../../shared/units'
import { AppError } from '../../../shared/errors'
import type { FeatureMatrix } from '../featureMatrix'

/**
 * Throws data.invalid where trees would grow into nonsense without a word: no rows, no features, lengths that differ,
 * features that are not numbers, targets that are not finite. Infinite features are fine: they have a rank.
 */
export function requireTable({ names, columns, count }: FeatureMatrix, y: Float64Array): void {
  const hint = 'Check the columns of the samples: trees need a number in every one and a finite time.'
  if (count === 0 || columns.length === 0) {
    throw new AppError(
      'data.invalid',
      `Trees cannot be fitted to ${countOf(count, 'row')} of ${countOf(columns.length, 'feature')}.`,
      hint
    )
  }
  if (y.length !== count || columns.some((column) => column.length !== count)) {
    throw new AppError('data.invalid', 'Features and targets have different numbers of rows.', hint)
  }
  for (let feature = 0; feature < columns.length; feature++) {
    const row = columns[feature].findIndex(Number.isNaN)
    if (row >= 0) {
      throw new AppError('data.invalid', `Feature ${names[feature]} of row ${row + 1} is not a number.`, hint)
    }
  }
  const row = y.findIndex((value) => !Number.isFinite(value))
  if (row >= 0) {
    throw new AppError(
      'data.invalid',
      `The target of row ${row + 1} is ${y[row]}, not a finite number.`,
      hint
    )
  }
}
