import type { Form } from './form'
import { lastNode, mismatch, type AtomOf } from './parts'

/** Queries or keys of one head, rotated by their position. */
export interface RotatedHead {
  readonly linear: AtomOf<'linear'>
  /** Per pair the columns of the head, and the rows of the matrix they come from: [even, odd]. */
  readonly pairs: readonly RotatedPair[]
}

/** Two values that are turned together. */
export interface RotatedPair {
  readonly columns: readonly [number, number]
  readonly rows: readonly [number, number]
  /** Radians from one position to the next. */
  readonly angle: number
  /** What the values are multiplied with beside the turn. */
  readonly scale: number
}

/** A part of an element: a row of a matrix at the element's position, times a factor. */
interface Part {
  readonly row: number
  readonly factor: number
}

/** How the elements of a head lie in a form: the place of column `column` at position `position`. */
export type HeadPlace = (position: number, column: number) => number

const tolerance = 2e-4

/**
 * Reads which values of a head are turned together and how far, and checks it at every position.
 * @throws AppError where the head is not rotated as Llama's
 */
export function rotatedHead(form: Form, positions: number, size: number, place: HeadPlace): RotatedHead {
  const node = lastNode(form)
  const linear = form.terms[0]?.atom
  if (form.offset !== null) throw mismatch(node, 'queries or keys have a bias')
  if (linear?.kind !== 'linear' || form.terms.some(({ atom }) => atom !== linear))
    throw mismatch(node, 'queries and keys are not rotated products with one matrix')
  const parts = (position: number, column: number): Part[] =>
    partsOf(form, linear, position, place(position, column))
  const origin = Array.from({ length: size }, (_, column) => {
    const [main, ...more] = parts(0, column)
    if (main === undefined || more.length > 0) throw mismatch(node, 'positions do not begin at 0')
    return main
  })
  const pairs: RotatedPair[] = []
  for (let column = 0; column < size; column++) {
    const { row, factor: scale } = origin[column]
    const found = parts(1, column)
    const own = found.find((part) => part.row === row)
    const other = found.find((part) => part.row !== row)
    if (own === undefined || other === undefined || found.length !== 2)
      throw mismatch(node, `column ${column} of a head is not rotated by its position`)
    if (-other.factor / scale < 0) continue
    const partner = origin.findIndex((part) => part.row === other.row)
    if (partner < 0) throw mismatch(node, 'a value is turned with one of another head')
    const angle = Math.atan2(-other.factor / scale, own.factor / scale)
    pairs.push({ columns: [column, partner], rows: [row, other.row], angle, scale })
  }
  if (pairs.length !== size / 2) throw mismatch(node, 'the values of a head are not turned in pairs')
  for (const pair of pairs) checkTurns(pair, positions, parts, node)
  pairs.sort((a, b) => b.angle - a.angle || a.columns[0] - b.columns[0])
  return { linear, pairs }
}

/** Factors of one element by row, those of the same row added; nothing of 0. */
function partsOf(form: Form, linear: AtomOf<'linear'>, position: number, place: number): Part[] {
  const sums = new Map<number, number>()
  for (const { map, factor } of form.terms) {
    if (factor[place] === 0) continue
    if (Math.floor(map[place] / linear.rows) !== position)
      throw mismatch(linear.node, 'queries or keys take values of another position')
    const row = map[place] % linear.rows
    sums.set(row, (sums.get(row) ?? 0) + factor[place])
  }
  return [...sums].filter(([, factor]) => factor !== 0).map(([row, factor]) => ({ row, factor }))
}

function checkTurns(
  { columns, rows, angle, scale }: RotatedPair,
  positions: number,
  parts: (position: number, column: number) => Part[],
  node: string
): void {
  for (let position = 0; position < positions; position++) {
    const [cosine, sine] = [Math.cos(position * angle), Math.sin(position * angle)]
    const wanted = [
      [cosine, -sine],
      [sine, cosine]
    ]
    for (const [side, column] of columns.entries()) {
      const found = parts(position, column)
      for (const [index, row] of rows.entries()) {
        const factor = found.find((part) => part.row === row)?.factor ?? 0
        if (Math.abs(factor / scale - wanted[side][index]) > tolerance)
          throw mismatch(
            node,
            `position ${position} does not turn a head ${position} times as far as position 1`
          )
      }
    }
  }
}

/** Radians per position of each pair of a head in llama2.c's format. */
export const usualAngles = (size: number): number[] =>
  Array.from({ length: size / 2 }, (_, pair) => 10000 ** (-(2 * pair) / size))
