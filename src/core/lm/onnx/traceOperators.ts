import { constantOf, numbersOf } from '../../model/constants/numbers'
import { normalAxis } from '../../model/constants/indexing'
import {
  floatAttribute,
  intAttribute,
  intsAttribute,
  type OnnxNode,
  type OnnxTensor
} from '../../model/onnx/onnx'
import { formSize, joinRegions, scaleBy, sumOf, wholeAtom, type Form, type UnaryKind } from './form'
import { placesInConcat } from './movement'
import { inverseOf, multiplied, productOf } from './nonlinear'
import {
  asForm,
  commonDims,
  knownAt,
  dimsOf,
  inputAt,
  newAtom,
  notLlama,
  scalarOf,
  spreadConstant,
  spreadForm,
  type Traced,
  type TraceState
} from './traceState'

type Reader = (state: TraceState, node: OnnxNode) => Form

const unary =
  (kind: UnaryKind): Reader =>
  (state, node) => {
    const of = asForm(inputAt(state, node, 0))
    return newAtom(state, node, { kind, dims: of.dims, of })
  }

const added =
  (sign: number): Reader =>
  (state, node) => {
    const [a, b] = [asForm(inputAt(state, node, 0)), asForm(inputAt(state, node, 1))]
    const dims = commonDims(node, a.dims, b.dims)
    return sumOf(spreadForm(a, dims), 1, spreadForm(b, dims), sign)
  }

/** A computed value times a constant. */
function timesConstant(node: OnnxNode, form: Form, tensor: OnnxTensor, power: 1 | -1): Form {
  const dims = commonDims(node, form.dims, tensor.dims)
  const values = spreadConstant(tensor, dims)
  return scaleBy(spreadForm(form, dims), power === 1 ? values : values.map((value) => 1 / value))
}

function times(state: TraceState, node: OnnxNode, a: Traced, b: Traced): Form {
  if (a.kind === 'constant') return timesConstant(node, asForm(b), a.tensor, 1)
  if (b.kind === 'constant') return timesConstant(node, a.form, b.tensor, 1)
  return multiplied(state, node, a.form, b.form)
}

function divided(state: TraceState, node: OnnxNode): Form {
  const [a, b] = [inputAt(state, node, 0), inputAt(state, node, 1)]
  if (b.kind === 'constant') return timesConstant(node, asForm(a), b.tensor, -1)
  const inverse = inverseOf(state, node, b.form)
  return times(state, node, a, { kind: 'form', form: inverse })
}

function power(state: TraceState, node: OnnxNode): Form {
  const exponent = scalarOf(inputAt(state, node, 1))
  const kinds: Readonly<Record<string, UnaryKind>> = { '2': 'square', '0.5': 'root', '-0.5': 'inverseRoot' }
  const kind = kinds[String(exponent)]
  if (kind === undefined) throw notLlama(node, `a power of ${exponent ?? 'a computed value'}`)
  return unary(kind)(state, node)
}

/** Mean (or sum) over the last axis. */
function reduced(state: TraceState, node: OnnxNode): Form {
  const of = asForm(inputAt(state, node, 0))
  const rank = of.dims.length
  const second = knownAt(state, node, 1)
  const axes = intsAttribute(node, 'axes') ?? (second === undefined ? undefined : [...numbersOf(second)])
  if (axes?.length !== 1 || normalAxis(axes[0], rank) !== rank - 1)
    throw notLlama(node, 'it reduces another axis than the last')
  const keeps = intAttribute(node, 'keepdims', 1) !== 0
  const dims = [...of.dims.slice(0, -1), ...(keeps ? [1] : [])]
  const mean = newAtom(state, node, { kind: 'mean', dims, of })
  return node.opType === 'ReduceSum' ? scaleBy(mean, of.dims[rank - 1]) : mean
}

/** Weights [rows][columns] of a constant [columns][rows], or of one that is transposed already. */
function linear(state: TraceState, node: OnnxNode, of: Form, tensor: OnnxTensor, transposed: boolean): Form {
  if (tensor.dims.length !== 2) throw notLlama(node, `a constant of [${tensor.dims}] is no matrix`)
  const [rows, columns] = transposed ? tensor.dims : [tensor.dims[1], tensor.dims[0]]
  if (of.dims.at(-1) !== columns)
    throw notLlama(node, `a matrix of ${columns} inputs reads ${of.dims.at(-1) ?? 0}`)
  const values = numbersOf(tensor)
  const weights = new Float32Array(rows * columns)
  for (let row = 0, at = 0; row < rows; row++)
    for (let column = 0; column < columns; column++, at++)
      weights[at] = transposed ? values[at] : values[column * rows + row]
  return newAtom(state, node, {
    kind: 'linear',
    dims: [...of.dims.slice(0, -1), rows],
    of,
    weights,
    rows,
    columns
  })
}

function matMul(state: TraceState, node: OnnxNode): Form {
  const [a, b] = [inputAt(state, node, 0), inputAt(state, node, 1)]
  if (b.kind === 'constant') return linear(state, node, asForm(a), b.tensor, false)
  if (a.kind === 'constant') throw notLlama(node, 'a constant is multiplied by a computed value')
  return productOf(state, node, a.form, b.form)
}

function gemm(state: TraceState, node: OnnxNode): Form {
  const [a, b] = [inputAt(state, node, 0), inputAt(state, node, 1)]
  if (b.kind !== 'constant' || intAttribute(node, 'transA', 0) !== 0)
    throw notLlama(node, 'its second input is computed, or its first transposed')
  const transposed = intAttribute(node, 'transB', 0) !== 0
  const product = scaleBy(
    linear(state, node, asForm(a), b.tensor, transposed),
    floatAttribute(node, 'alpha', 1)
  )
  const bias = knownAt(state, node, 2)
  if (bias === undefined) return product
  const offset = spreadConstant(bias, product.dims).map((value) => value * floatAttribute(node, 'beta', 1))
  return sumOf(product, 1, { dims: product.dims, terms: [], offset }, 1)
}

/** A table's rows by the tokens. */
function lookedUp(state: TraceState, node: OnnxNode): Form {
  const [table, indices] = [inputAt(state, node, 0), inputAt(state, node, 1)]
  if (table.kind !== 'constant' || table.tensor.dims.length !== 2 || indices.kind !== 'form')
    throw notLlama(node, 'it is no table that the tokens choose rows of')
  if (wholeAtom(indices.form)?.kind !== 'tokens' || intAttribute(node, 'axis', 0) !== 0)
    throw notLlama(node, 'rows are chosen by what is not the tokens themselves')
  const dims = [...indices.form.dims, table.tensor.dims[1]]
  return newAtom(state, node, { kind: 'embedding', dims, table: table.tensor })
}

function softmax(state: TraceState, node: OnnxNode): Form {
  const of = asForm(inputAt(state, node, 0))
  const axis = normalAxis(intAttribute(node, 'axis', state.opset >= 13 ? -1 : 1), of.dims.length)
  if (axis !== of.dims.length - 1) throw notLlama(node, 'the softmax is not over the last axis')
  return newAtom(state, node, { kind: 'softmax', dims: of.dims, of })
}

function chosen(state: TraceState, node: OnnxNode): Form {
  const condition = knownAt(state, node, 0)
  if (condition === undefined) throw notLlama(node, 'the choice depends on the tokens')
  const [yes, no] = [asForm(inputAt(state, node, 1)), asForm(inputAt(state, node, 2))]
  const dims = commonDims(node, commonDims(node, condition.dims, yes.dims), no.dims)
  const is = spreadConstant(condition, dims)
  const own = (wanted: boolean): Int32Array =>
    Int32Array.from(is, (value, at) => ((value !== 0) === wanted ? at : -1))
  const regions = [
    { form: spreadForm(yes, dims), places: own(true) },
    { form: spreadForm(no, dims), places: own(false) }
  ]
  // What is chosen nowhere (0 in the place of NaN) leaves no trace.
  return joinRegions(
    dims,
    regions.filter(({ places }) => places.some((place) => place >= 0))
  )
}

function concatenated(state: TraceState, node: OnnxNode): Form {
  const parts = node.inputs.map((_, index) => inputAt(state, node, index))
  const filled = parts.filter((part) => formSize(dimsOf(part)) > 0)
  const { dims, places } = placesInConcat(node, filled.map(dimsOf))
  return joinRegions(
    dims,
    filled.map((part, index) => ({ form: asForm(part), places: places[index] }))
  )
}

/** A root mean square norm that the file has as one operator; its input must have one weight per column. */
function fusedNorm(state: TraceState, node: OnnxNode): Form {
  const of = asForm(inputAt(state, node, 0))
  const weight = inputAt(state, node, 1)
  const epsilon = floatAttribute(node, 'epsilon', 1e-5)
  const axis = intAttribute(node, 'axis', -1)
  if (normalAxis(axis, of.dims.length) !== of.dims.length - 1)
    throw notLlama(node, 'it norms another axis than the last')
  const norm = newAtom(state, node, { kind: 'norm', dims: of.dims, of, epsilon })
  return times(state, node, { kind: 'form', form: norm }, weight)
}

/** Operators on computed values, beside those that only move elements. */
export const traceReaders: Readonly<Record<string, Reader>> = {
  Add: added(1),
  Sub: added(-1),
  Mul: (state, node) => times(state, node, inputAt(state, node, 0), inputAt(state, node, 1)),
  Div: divided,
  Neg: (state, node) => scaleBy(asForm(inputAt(state, node, 0)), -1),
  Pow: power,
  Sqrt: unary('root'),
  Reciprocal: (state, node) => inverseOf(state, node, asForm(inputAt(state, node, 0))),
  Exp: unary('exponential'),
  Sigmoid: unary('sigmoid'),
  Swish: (state, node) => {
    if (floatAttribute(node, 'alpha', 1) !== 1) throw notLlama(node, 'its alpha is not 1')
    return unary('silu')(state, node)
  },
  ReduceMean: reduced,
  ReduceSum: reduced,
  MatMul: matMul,
  Gemm: gemm,
  Gather: lookedUp,
  Softmax: softmax,
  Where: chosen,
  Concat: concatenated,
  SimplifiedLayerNormalization: fusedNorm,
  RMSNormalization: fusedNorm
}

/** Whether no element can be NaN: sums of tokens and of shares of a softmax, with finite factors. */
function isNumber({ terms, offset }: Form): boolean {
  if (offset?.every(Number.isFinite) === false) return false
  return terms.every(
    ({ atom, factor }) => (atom.kind === 'softmax' || atom.kind === 'tokens') && factor.every(Number.isFinite)
  )
}

/**
 * Shapes and the like, which are known though the value is not; null for other operators.
 * @throws AppError model.unsupportedOperator for IsNaN of what can be NaN
 */
export function knownOf(state: TraceState, node: OnnxNode): OnnxTensor | null {
  const value = state.values.get(node.inputs[0] ?? '')
  if (value?.kind !== 'form' && node.opType !== 'Shape' && node.opType !== 'Size') return null
  const dims = value === undefined ? [] : dimsOf(value)
  if (node.opType === 'Size') return constantOf('int64', [], [formSize(dims)])
  if (node.opType === 'IsNaN') {
    if (value?.kind === 'form' && !isNumber(value.form))
      throw notLlama(node, 'it looks for NaN elsewhere than behind a softmax')
    return constantOf('uint8', dims, new Float64Array(formSize(dims)))
  }
  if (node.opType !== 'Shape') return null
  const part = dims.slice(intAttribute(node, 'start', 0), intAttribute(node, 'end', dims.length))
  return constantOf('int64', [part.length], part)
}
