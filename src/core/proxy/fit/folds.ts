import { AppError } from '../../../shared/errors'
import { createRandom } from '../../math/random'
import type { ShapeRows } from '../samples'

/** Group number of every row; groups are numbered in ascending lexicographic order of what they share. */
export interface Grouping {
  readonly groupOf: Int32Array
  readonly groups: number
}

/** Rows of the same layer shape, bit widths aside. */
export function groupByShape(rows: ShapeRows): Grouping {
  return groupBy(rows.dims, rows.count)
}

/** Rows that measure the very same thing: shape and bit widths. Repetitions must not sit on both sides of a split. */
export function groupByKey(rows: ShapeRows): Grouping {
  return groupBy([...rows.dims, rows.activationBits, rows.weightBits], rows.count)
}

/** Fold of every row, 0..folds-1: one entry per row, rows with equal fold are held out together. */
export interface Folds {
  readonly foldOf: Int32Array
  readonly folds: number
}

/** Unseen shape: shapes in lexicographic order, index mod `folds` (the design document's protocol). */
export function shapeFolds(rows: ShapeRows, folds = 5): Folds {
  const { groupOf, groups } = groupByShape(rows)
  requireGroups(groups, 2, 'layer shapes')
  const used = Math.min(folds, groups)
  return { foldOf: groupOf.map((group) => group % used), folds: used }
}

/** Leave one shape out: as many folds as shapes. */
export function leaveOneShapeOut(rows: ShapeRows): Folds {
  const { groupOf, groups } = groupByShape(rows)
  requireGroups(groups, 2, 'layer shapes')
  return { foldOf: groupOf, folds: groups }
}

/** Shuffled folds over distinct (shape, bits); repeated measurements stay together. */
export function randomFolds(rows: ShapeRows, seed: number, folds = 5): Folds {
  const { groupOf, groups } = groupByKey(rows)
  requireGroups(groups, 2, 'distinct rows')
  const used = Math.min(folds, groups)
  const order = createRandom(seed).shuffle(Int32Array.from({ length: groups }, (_, group) => group))
  const foldOfGroup = new Int32Array(groups)
  order.forEach((group, at) => (foldOfGroup[group] = at % used))
  return { foldOf: groupOf.map((group) => foldOfGroup[group]), folds: used }
}

/** Row numbers inside and outside one fold. */
export function splitRows({ foldOf }: Folds, fold: number): { train: Int32Array; test: Int32Array } {
  let testCount = 0
  for (const value of foldOf) if (value === fold) testCount++
  const test = new Int32Array(testCount)
  const train = new Int32Array(foldOf.length - testCount)
  let [trainAt, testAt] = [0, 0]
  for (let row = 0; row < foldOf.length; row++) {
    if (foldOf[row] === fold) test[testAt++] = row
    else train[trainAt++] = row
  }
  return { train, test }
}

function groupBy(columns: readonly Float64Array[], count: number): Grouping {
  const order = Uint32Array.from({ length: count }, (_, row) => row).sort((a, b) =>
    compareRows(columns, a, b)
  )
  const groupOf = new Int32Array(count)
  let groups = 0
  for (let at = 0; at < count; at++) {
    if (at > 0 && compareRows(columns, order[at - 1], order[at]) !== 0) groups++
    groupOf[order[at]] = groups
  }
  return { groupOf, groups: count === 0 ? 0 : groups + 1 }
}

function compareRows(columns: readonly Float64Array[], a: number, b: number): number {
  for (const column of columns) {
    const difference = column[a] - column[b]
    if (difference !== 0) return difference
  }
  return 0
}

function requireGroups(found: number, needed: number, what: string): void {
  if (found >= needed) return
  throw new AppError(
    'proxy.tooFewSamples',
    `A held-out split needs at least ${needed} ${what}; the samples have ${found}.`,
    'Profile more layer shapes, or ask for the training error alone.'
  )
}
