import { AppError } from '../../../shared/errors'
import { numbersOf } from '../../model/constants/numbers'
import {
  inPlace,
  indicesOf,
  onlyTerm,
  sameForm,
  uniformFactor,
  wholeAtom,
  type Atom,
  type Form
} from './form'
import { decoderHint } from './traceState'

/** An atom of one kind. */
export type AtomOf<K extends Atom['kind']> = Extract<Atom, { kind: K }>

/** Returns the error for a part of a graph that is not where a Llama-style decoder has it. */
export function mismatch(node: string, what: string): AppError {
  return new AppError('model.unsupportedOperator', `Node ${node}: ${what}.`, decoderHint, {
    details: { node }
  })
}

/** A name of what a form ends with, for errors. */
export function lastNode(form: Form): string {
  const last = form.terms.reduce<Atom | null>(
    (best, { atom }) => (best === null || atom.id > best.id ? atom : best),
    null
  )
  return last?.node ?? 'of a constant'
}

/** The whole atom of a form. @throws AppError with `what` where it is another */
export function expectAtom<K extends Atom['kind']>(form: Form, kind: K, what: string): AtomOf<K> {
  const atom = wholeAtom(form)
  if (atom?.kind !== kind) throw mismatch(lastNode(form), what)
  return atom as AtomOf<K>
}

/** Columns of a value of [1][tokens][columns] that are rows of a matrix product. */
export interface Rows {
  readonly linear: AtomOf<'linear'>
  /** Per column the row of the matrix. */
  readonly rows: readonly number[]
  /** What the matrix is multiplied with, all of it. */
  readonly scale: number
}

/** Reads a value that is a product with a matrix, or columns of one, at every token. @throws AppError */
export function rowsOf(form: Form, what: string): Rows {
  const term = onlyTerm(form)
  if (form.offset !== null && form.terms.length === 1) throw mismatch(lastNode(form), `${what} has a bias`)
  if (term === null || term.atom.kind !== 'linear')
    throw mismatch(lastNode(form), `${what} is no product with a matrix`)
  const linear = term.atom
  const columns = form.dims.at(-1)!
  const scale = uniformFactor(term)
  const rows = Array.from(term.map.subarray(0, columns), (place) => place % linear.rows)
  const everywhere = term.map.every(
    (place, at) => place === Math.floor(at / columns) * linear.rows + rows[at % columns]
  )
  if (scale === null || !everywhere) throw mismatch(linear.node, `${what} is not the same at every token`)
  return { linear, rows, scale }
}

/** Rows of a matrix in another order; `scales` multiplies each. */
export function matrixOfRows(
  { weights, columns }: AtomOf<'linear'>,
  rows: readonly number[],
  scales: (at: number) => number = () => 1
): Float32Array {
  const out = new Float32Array(rows.length * columns)
  for (const [at, row] of rows.entries())
    for (let column = 0; column < columns; column++)
      out[at * columns + column] = weights[row * columns + column] * scales(at)
  return out
}

/** Columns of a matrix in another order. */
export function matrixOfColumns(
  { weights, columns, rows }: AtomOf<'linear'>,
  order: readonly number[]
): Float32Array {
  const out = new Float32Array(rows * order.length)
  for (let row = 0; row < rows; row++)
    for (const [at, column] of order.entries()) out[row * order.length + at] = weights[row * columns + column]
  return out
}

/** A norm and its weights. */
export interface Normed {
  readonly of: Form
  readonly weight: Float32Array
  readonly epsilon: number
}

/** Reads a value as a root mean square norm times one weight per column. @throws AppError */
export function normOf(form: Form, what: string): Normed {
  const term = onlyTerm(form)
  if (term === null || term.atom.kind !== 'norm' || !inPlace(term))
    throw mismatch(lastNode(form), `${what} reads no root mean square norm`)
  const columns = form.dims.at(-1)!
  if (term.atom.dims.at(-1) !== columns)
    throw mismatch(term.atom.node, `it norms ${term.atom.dims.at(-1)!} values, ${what} reads ${columns}`)
  const weight = Float32Array.from(term.factor.subarray(0, columns))
  if (term.factor.some((value, at) => Math.abs(value - weight[at % columns]) > 1e-6))
    throw mismatch(term.atom.node, 'the weights of the norm differ by token')
  return { of: term.atom.of, weight, epsilon: term.atom.epsilon }
}

/** Values of an embedding table. */
export const tableValues = ({ table }: AtomOf<'embedding'>): Float32Array =>
  Float32Array.from(numbersOf(table))

/** Atoms that are added to the residual, in order: the embedding, then two of each layer. @throws AppError */
export function residualAtoms(form: Form): Atom[] {
  for (const term of form.terms)
    if (!inPlace(term) || uniformFactor(term) !== 1)
      throw mismatch(term.atom.node, 'what is added to the residual is scaled or moved')
  if (form.offset !== null) throw mismatch(lastNode(form), 'a constant is added to the residual')
  return form.terms.map(({ atom }) => atom).sort((a, b) => a.id - b.id)
}

/** Checks that a norm reads the residual as it was. @throws AppError */
export function expectResidual(form: Form, atoms: readonly Atom[], what: string): void {
  const found = residualAtoms(form)
  if (found.length === atoms.length && found.every((atom, at) => atom === atoms[at])) return
  throw mismatch(lastNode(form), `${what} does not read the residual before it`)
}

/** Checks that several matrices read the same values. @throws AppError */
export function expectSame(a: Form, b: Form, node: string, what: string): void {
  if (!sameForm(a, b)) throw mismatch(node, what)
}

/** Token and column of a place in a value of [1][tokens][columns]. */
export function tokenAndColumn(place: number, dims: readonly number[]): [number, number] {
  const indices = indicesOf(place, dims)
  return [indices.at(-2)!, indices.at(-1)!]
}
