import { badItems } from '../../../core/dataset/badItems'
import { AppError } from '../../../shared/errors'

/**
 * Checks what the float network gives: of NaN the first output would count as the largest, and every mean would be NaN.
 *
 * @param outputs of `count` items from item `from` on, one item behind the other
 * @param where the items are from, e.g. a split
 * @throws AppError model.invalid naming the first item with NaN, and how many there are among these
 */
export function requireNumbers(outputs: Float32Array, count: number, from: number, where: string): void {
  const bad = badItems(outputs, { from, count }, Number.isNaN)
  if (bad === null) return
  throw new AppError(
    'model.invalid',
    `The network's outputs in float are not numbers (NaN) for item ${bad.first} of ${where}, ${bad.others}.`,
    'Run it with these items where it was exported. Check the scale of the items, divisions by what may be 0, and logarithms and roots of what may be negative.'
  )
}
