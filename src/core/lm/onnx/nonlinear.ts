import type { OnnxNode } from '../../model/onnx/onnx'
import {
  formSize,
  inPlace,
  onlyTerm,
  sameForm,
  scaleBy,
  uniformFactor,
  wholeAtom,
  type Atom,
  type Form
} from './form'
import { commonDims, newAtom, notLlama, spreadForm, type TraceState } from './traceState'

/** Operators that are no sums, and what they are when written out in simpler ones: RMSNorm, SiLU, products of two values. */

/** x * y of two computed values: a norm, a square, a SiLU, or a plain product. */
export function multiplied(state: TraceState, node: OnnxNode, a: Form, b: Form): Form {
  for (const [x, y] of [
    [a, b],
    [b, a]
  ]) {
    const norm = normOf(state, node, x, y)
    if (norm !== null) return norm
  }
  if (sameForm(a, b)) return newAtom(state, node, { kind: 'square', dims: a.dims, of: a })
  for (const [x, y] of [
    [a, b],
    [b, a]
  ]) {
    const gate = wholeAtom(y)
    if (gate?.kind === 'sigmoid' && sameForm(gate.of, x))
      return newAtom(state, node, { kind: 'silu', dims: x.dims, of: x })
  }
  const dims = commonDims(node, a.dims, b.dims)
  return newAtom(state, node, {
    kind: 'product',
    dims,
    a: spreadForm(a, dims),
    b: spreadForm(b, dims)
  })
}

/** x times the inverse root of its own mean square (times a factor); null where `inverse` is something else. */
function normOf(state: TraceState, node: OnnxNode, x: Form, inverse: Form): Form | null {
  const term = onlyTerm(inverse)
  if (term === null || term.atom.kind !== 'inverseRoot' || !inPlace(term)) return null
  const scale = uniformFactor(term)
  const { of: sum } = term.atom
  const mean = sum.terms.length === 1 ? sum.terms[0] : null
  if (scale === null || mean === null || mean.atom.kind !== 'mean' || !inPlace(mean)) return null
  if (Math.abs((uniformFactor(mean) ?? 0) - 1) > 1e-6) throw notLlama(node, 'the mean of squares is scaled')
  const square = wholeAtom(mean.atom.of)
  if (square?.kind !== 'square' || !sameForm(square.of, x)) return null
  if (formSize(square.dims) !== formSize(x.dims)) return null
  const epsilon = sum.offset === null ? 0 : sum.offset[0]
  if (sum.offset?.some((value) => value !== epsilon) === true)
    throw notLlama(node, 'the epsilon of the norm differs by row')
  return scaleBy(newAtom(state, node, { kind: 'norm', dims: x.dims, of: x, epsilon }), scale)
}

/** 1 / x of a computed value: an inverse root, or a sigmoid. */
export function inverseOf(state: TraceState, node: OnnxNode, x: Form): Form {
  const root = wholeAtom(x)
  if (root?.kind === 'root') return newAtom(state, node, { kind: 'inverseRoot', dims: x.dims, of: root.of })
  const negative = exponentialPlusOne(x)
  if (negative !== null)
    return newAtom(state, node, { kind: 'sigmoid', dims: x.dims, of: scaleBy(negative.of, -1) })
  throw notLlama(node, 'it divides by what is neither the root of a mean square nor 1 + exp(-x)')
}

/** exp(y) of the form exp(y) + 1. */
function exponentialPlusOne(x: Form): Extract<Atom, { of: Form }> | null {
  if (x.offset?.every((value) => value === 1) !== true) return null
  const atom = wholeAtom({ ...x, offset: null })
  return atom?.kind === 'exponential' ? atom : null
}

/** A product of two computed values as matrices: scores, or values mixed by them. */
export function productOf(state: TraceState, node: OnnxNode, a: Form, b: Form): Form {
  const [rows, inner] = a.dims.slice(-2)
  const [other, columns] = b.dims.slice(-2)
  if (a.dims.length < 2 || b.dims.length < 2 || inner !== other)
    throw notLlama(node, `[${a.dims}] and [${b.dims}] cannot be multiplied`)
  const outer = commonDims(node, a.dims.slice(0, -2), b.dims.slice(0, -2))
  const dims = [...outer, rows, columns]
  return newAtom(state, node, {
    kind: 'matmul',
    dims,
    a: spreadForm(a, [...outer, rows, inner]),
    b: spreadForm(b, [...outer, inner, columns])
  })
}
