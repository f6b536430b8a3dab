import { numbersOf } from '../../model/constants/numbers'
import { indicesOf, onlyTerm, uniformFactor, type Form } from './form'
import { expectAtom, expectSame, lastNode, mismatch, type AtomOf } from './parts'
import { rotatedHead, type RotatedHead } from './rotary'

/** One head of attention as read from the graph. */
export interface TracedHead {
  readonly query: RotatedHead
  readonly key: RotatedHead
  readonly value: AtomOf<'linear'>
  /** Per value of the head the row of the matrix of values. */
  readonly valueRows: readonly number[]
  /** Per value of the head the column of the output matrix that reads it. */
  readonly outputColumns: readonly number[]
  /** What products of queries and keys are multiplied with, beside the scales of the pairs. */
  readonly scoreScale: number
}

/** Attention of a layer. */
export interface TracedAttention {
  readonly heads: readonly TracedHead[]
  /** What queries, keys and values read. */
  readonly input: Form
}

/**
 * Reads attention off what its output matrix reads.
 * @throws AppError with the node that is not Llama's
 */
export function tracedAttention(merged: Form): TracedAttention {
  const term = onlyTerm(merged)
  if (term === null || term.atom.kind !== 'matmul' || uniformFactor(term) !== 1)
    throw mismatch(lastNode(merged), 'the output matrix of attention reads no mean of values')
  const mix = term.atom
  const [positions, size] = mix.dims.slice(-2)
  const heads = mix.dims.at(-3) ?? 1
  const width = merged.dims.at(-1)!
  if (width !== heads * size || mix.dims.slice(0, -3).some((count) => count !== 1))
    throw mismatch(mix.node, `its ${heads} heads of ${size} are not the ${width} inputs of the output matrix`)
  const outputColumns = columnsByHead(term.map, mix, width)
  const softmax = expectAtom(mix.a, 'softmax', 'values are not mixed by a softmax')
  const { products, scale } = scoresOf(softmax.of)
  if (products.a.dims.at(-1) !== products.b.dims.at(-2)) throw mismatch(products.node, 'heads do not fit')
  const keySize = products.a.dims.at(-1)!
  const found = Array.from({ length: heads }, (_, head): TracedHead => {
    const queryPlace = (position: number, column: number): number =>
      (head * positions + position) * keySize + column
    const keyPlace = (position: number, column: number): number =>
      (head * keySize + column) * positions + position
    const { value, rows } = valuesOf(mix.b, head, positions, size)
    return {
      query: rotatedHead(products.a, positions, keySize, queryPlace),
      key: rotatedHead(products.b, positions, keySize, keyPlace),
      value,
      valueRows: rows,
      outputColumns: outputColumns[head],
      scoreScale: scale
    }
  })
  const [{ query, key, value }] = found
  for (const head of found)
    if (head.query.linear !== query.linear || head.key.linear !== key.linear || head.value !== value)
      throw mismatch(products.node, 'heads come from different matrices')
  for (const other of [key.linear, value])
    expectSame(other.of, query.linear.of, other.node, 'queries, keys and values read different things')
  return { heads: found, input: query.linear.of }
}

/** Per head and value, the column of the output matrix that reads it. */
function columnsByHead(map: Int32Array, mix: AtomOf<'matmul'>, width: number): number[][] {
  const [heads, positions, size] = [mix.dims.at(-3) ?? 1, ...mix.dims.slice(-2)]
  const columns = Array.from({ length: heads }, () => new Array<number>(size).fill(-1))
  for (const [at, place] of map.entries()) {
    const indices = indicesOf(place, [heads, positions, size])
    const [position, column] = [Math.floor(at / width), at % width]
    const [head, own] = [indices[0], indices[2]]
    if (indices[1] !== position || (columns[head][own] !== -1 && columns[head][own] !== column))
      throw mismatch(mix.node, 'the output matrix of attention reads values of another position')
    columns[head][own] = column
  }
  return columns
}

/** The products of queries and keys under a softmax, what they are multiplied with, and a check of the causal mask. */
function scoresOf(form: Form): { products: AtomOf<'matmul'>; scale: number } {
  const [term, ...more] = form.terms
  if (term?.atom.kind !== 'matmul' || more.length > 0)
    throw mismatch(lastNode(form), 'the softmax of attention does not read products of queries and keys')
  const products = term.atom
  const positions = form.dims.at(-1)!
  if (form.dims.at(-2) !== positions)
    throw mismatch(products.node, 'attention is not over the sequence itself')
  let scale: number | null = null
  for (let at = 0; at < term.map.length; at++) {
    const [row, column] = [Math.floor(at / positions) % positions, at % positions]
    const offset = form.offset?.[at] ?? 0
    if (column > row) {
      if (offset > -1e4) throw mismatch(products.node, 'attention has no causal mask')
      continue
    }
    scale ??= term.factor[at]
    if (offset !== 0 || term.map[at] !== at || Math.abs(term.factor[at] - scale) > 1e-6 * Math.abs(scale))
      throw mismatch(products.node, 'scores of attention are changed by more than a scale and a causal mask')
  }
  if (scale === null) throw mismatch(products.node, 'attention has no scores')
  return { products, scale }
}

function valuesOf(
  form: Form,
  head: number,
  positions: number,
  size: number
): { value: AtomOf<'linear'>; rows: number[] } {
  const term = onlyTerm(form)
  if (form.offset !== null) throw mismatch(lastNode(form), 'values have a bias')
  if (term === null || term.atom.kind !== 'linear' || uniformFactor(term) !== 1)
    throw mismatch(lastNode(form), 'values of attention are no product with a matrix')
  const value = term.atom
  const rows = Array.from({ length: size }, (_, at) => term.map[head * positions * size + at] % value.rows)
  for (let position = 0; position < positions; position++)
    for (const [at, row] of rows.entries())
      if (term.map[(head * positions + position) * size + at] !== position * value.rows + row)
        throw mismatch(value.node, 'values of attention are not in the order of positions')
  return { value, rows }
}

/** Whether a table and a matrix hold the same values. */
export function sameValues({ table }: AtomOf<'embedding'>, matrix: Float32Array): boolean {
  const values = numbersOf(table)
  return values.length === matrix.length && matrix.every((value, at) => value === Math.fround(values[at]))
}
