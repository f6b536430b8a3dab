import { rowMajorStrides } from '../../model/constants/indexing'
import type { OnnxTensor } from '../../model/onnx/onnx'

/**
 * Values of a decoder's graph for one short sequence: every element is a sum of elements of atoms, each times a factor. What only
 * moves, scales or adds elements leaves no trace but these sums, so heads, repeated keys and rotary positions are read off exactly,
 * however an exporter spells them.
 */

/** The result of an operator that is no sum: a table's rows, a product with a matrix, a softmax. */
export type Atom = AtomBase &
  (
    | { readonly kind: 'tokens' }
    | { readonly kind: 'embedding'; readonly table: OnnxTensor }
    /** of [..., columns] times weights [rows][columns] */
    | {
        readonly kind: 'linear'
        readonly of: Form
        readonly weights: Float32Array
        readonly rows: number
        readonly columns: number
      }
    | { readonly kind: 'norm'; readonly of: Form; readonly epsilon: number }
    | { [K in UnaryKind]: { readonly kind: K; readonly of: Form } }[UnaryKind]
    /** A matrix product of two computed values. */
    | { readonly kind: 'matmul'; readonly a: Form; readonly b: Form }
    /** Elementwise. */
    | { readonly kind: 'product'; readonly a: Form; readonly b: Form }
  )

/** Operators of one value. */
export type UnaryKind =
  'square' | 'mean' | 'root' | 'inverseRoot' | 'exponential' | 'sigmoid' | 'silu' | 'softmax'

interface AtomBase {
  /** Counts up in the order of the graph. */
  readonly id: number
  /** Name and operator of the node. */
  readonly node: string
  readonly dims: readonly number[]
}

/** For each element of a form: factor times element `map` of the atom. */
export interface Term {
  readonly atom: Atom
  readonly map: Int32Array
  readonly factor: Float64Array
}

/** Sums of atoms, plus a constant. */
export interface Form {
  readonly dims: readonly number[]
  readonly terms: readonly Term[]
  readonly offset: Float64Array | null
}

/** Number of elements. */
export const formSize = (dims: readonly number[]): number => dims.reduce((count, size) => count * size, 1)

/** The form that is an atom. */
export function formOf(atom: Atom): Form {
  const count = formSize(atom.dims)
  const map = Int32Array.from({ length: count }, (_, at) => at)
  return { dims: atom.dims, terms: [{ atom, map, factor: new Float64Array(count).fill(1) }], offset: null }
}

/** The elements of a form at places. */
export function pick(form: Form, dims: readonly number[], places: Int32Array): Form {
  return joinRegions(dims, [{ form, places }])
}

/** A form, and for each element of the result its element, or -1 where another form is. */
export interface FormRegion {
  readonly form: Form
  readonly places: Int32Array
}

/** One form made of parts of several: the terms of an atom in one part go on in those of the same atom in another. */
export function joinRegions(dims: readonly number[], regions: readonly FormRegion[]): Form {
  const count = formSize(dims)
  const slots: { atom: Atom; nth: number; map: Int32Array; factor: Float64Array }[] = []
  let offset: Float64Array | null = null
  for (const { form, places } of regions) {
    const seen = new Map<Atom, number>()
    for (const { atom, map, factor } of form.terms) {
      const nth = seen.get(atom) ?? 0
      seen.set(atom, nth + 1)
      let slot = slots.find((one) => one.atom === atom && one.nth === nth)
      if (slot === undefined)
        slots.push((slot = { atom, nth, map: new Int32Array(count), factor: new Float64Array(count) }))
      for (let at = 0; at < count; at++) {
        if (places[at] < 0) continue
        slot.map[at] = map[places[at]]
        slot.factor[at] = factor[places[at]]
      }
    }
    if (form.offset === null) continue
    offset ??= new Float64Array(count)
    for (let at = 0; at < count; at++) if (places[at] >= 0) offset[at] = form.offset[places[at]]
  }
  const terms = slots.map(({ atom, map, factor }) => ({ atom, map, factor }))
  return { dims, terms: terms.filter(({ factor }) => factor.some((value) => value !== 0)), offset }
}

/** a times weightA plus b times weightB, both of the same dims. */
export function sumOf(a: Form, weightA: number, b: Form, weightB: number): Form {
  const terms = [...scaleBy(a, weightA).terms, ...scaleBy(b, weightB).terms]
  const [x, y] = [a.offset, b.offset]
  const offset =
    x === null && y === null
      ? null
      : Float64Array.from(
          { length: formSize(a.dims) },
          (_, at) => plus(x, weightA, at) + plus(y, weightB, at)
        )
  return { dims: a.dims, terms, offset }
}

const plus = (values: Float64Array | null, weight: number, at: number): number =>
  values === null ? 0 : weight * values[at]

/** The form times a number, or times values of the same dims. */
export function scaleBy(form: Form, factors: number | Float64Array): Form {
  if (factors === 1) return form
  const by = (values: Float64Array): Float64Array =>
    typeof factors === 'number'
      ? values.map((value) => value * factors)
      : values.map((value, at) => (factors[at] === 0 ? 0 : value * factors[at]))
  const terms = form.terms
    .map(({ atom, map, factor }) => ({ atom, map, factor: by(factor) }))
    .filter(({ factor }) => factor.some((value) => value !== 0))
  return { dims: form.dims, terms, offset: form.offset === null ? null : by(form.offset) }
}

/** Whether two forms are the same sums. */
export function sameForm(a: Form, b: Form): boolean {
  if (a === b) return true
  if (formSize(a.dims) !== formSize(b.dims) || a.terms.length !== b.terms.length) return false
  if ((a.offset === null) !== (b.offset === null)) return false
  if (a.offset?.some((value, at) => value !== b.offset![at]) === true) return false
  return a.terms.every((term, index) => {
    const other = b.terms[index]
    return (
      term.atom === other.atom &&
      term.map.every((place, at) => place === other.map[at]) &&
      term.factor.every((value, at) => value === other.factor[at])
    )
  })
}

/** The one term of a form without a constant; null where there are more. */
export function onlyTerm(form: Form): Term | null {
  return form.terms.length === 1 && form.offset === null ? form.terms[0] : null
}

/** Whether a term is its atom, element by element. */
export const inPlace = ({ atom, map }: Term): boolean =>
  map.length === formSize(atom.dims) && map.every((place, at) => place === at)

/** The factor of a term where all elements have the same (to `tolerance`); null where they differ. */
export function uniformFactor({ factor }: Term, tolerance = 1e-6): number | null {
  const first = factor[0]
  return factor.every((value) => Math.abs(value - first) <= tolerance * Math.abs(first)) ? first : null
}

/** The atom that a form is; null where it is moved, scaled or a sum. */
export function wholeAtom(form: Form): Atom | null {
  const term = onlyTerm(form)
  return term !== null && inPlace(term) && uniformFactor(term) === 1 ? term.atom : null
}

/** The indices of a place in a tensor of these dims. */
export function indicesOf(place: number, dims: readonly number[]): number[] {
  return rowMajorStrides(dims).map((stride, axis) => Math.floor(place / stride) % dims[axis])
}
