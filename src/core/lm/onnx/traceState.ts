import { broadcastDims, broadcastMap } from '../../model/constants/indexing'
import { checkedCount } from '../../model/constants/checkedCount'
import { numbersOf } from '../../model/constants/numbers'
import { badShape, unsupported } from '../../model/onnx/importState'
import type { OnnxNode, OnnxTensor } from '../../model/onnx/onnx'
import type { AppError } from '../../../shared/errors'
import { formSize, formOf, pick, type Atom, type Form } from './form'

/** A value of the graph: known before any token, or a form over what the tokens give. */
export type Traced =
  { readonly kind: 'constant'; readonly tensor: OnnxTensor } | { readonly kind: 'form'; readonly form: Form }

/** What the readers of operators share while a decoder's graph is traced. */
export interface TraceState {
  readonly opset: number
  readonly values: Map<string, Traced>
  /** Atoms made so far. */
  atoms: number
  /** Elements of all values so far, an atom's of a sum counted each. */
  elements: number
}

/** What Bitbench runs, for hints. */
export const decoderHint =
  'Read are decoders as Llama is built: embedding, RMSNorm, attention with rotary positions and a causal mask, SwiGLU, no biases; export the whole sequence, without Loop, If and fused operators (docs/language-models.md).'

/** Returns the error for a node that a Llama-style decoder does not have. */
export const notLlama = (node: OnnxNode, what: string): AppError => unsupported(node, what, decoderHint)

type AtomFields<T = Atom> = T extends Atom ? Omit<T, 'id' | 'node'> : never

/** A new atom, as a form. */
export function newAtom(state: TraceState, node: OnnxNode, fields: AtomFields): Form {
  checkedCount(node, fields.dims)
  const id = state.atoms++
  return formOf({ ...fields, id, node: `"${node.name}" (${node.opType})` })
}

/** The value at an input. @throws AppError where it is missing */
export function inputAt(state: TraceState, node: OnnxNode, index: number): Traced {
  const value = state.values.get(node.inputs[index] ?? '')
  if (value === undefined) throw badShape(node, `its input ${index} is missing`)
  return value
}

/** The constant at an input, undefined where it is absent or depends on the tokens. */
export function knownAt(state: TraceState, node: OnnxNode, index: number): OnnxTensor | undefined {
  const value = state.values.get(node.inputs[index] ?? '')
  return value?.kind === 'constant' ? value.tensor : undefined
}

/** A value as a form; a constant is a form without atoms. */
export function asForm(value: Traced): Form {
  if (value.kind === 'form') return value.form
  return { dims: value.tensor.dims, terms: [], offset: numbersOf(value.tensor) }
}

/** Sizes of a value. */
export const dimsOf = (value: Traced): readonly number[] =>
  value.kind === 'form' ? value.form.dims : value.tensor.dims

/** The dims of two values broadcast together. */
export function commonDims(node: OnnxNode, a: readonly number[], b: readonly number[]): number[] {
  const dims = broadcastDims(a, b)
  if (dims === null) throw badShape(node, `[${a}] and [${b}] cannot be broadcast together`)
  checkedCount(node, dims)
  return dims
}

/** A form repeated to the dims of a result. */
export function spreadForm(form: Form, dims: readonly number[]): Form {
  return form.dims.join() === dims.join() ? form : pick(form, dims, broadcastMap(form.dims, dims))
}

/** Values of a constant repeated to the dims of a result. */
export function spreadConstant(tensor: OnnxTensor, dims: readonly number[]): Float64Array {
  const values = numbersOf(tensor)
  if (tensor.dims.join() === dims.join()) return values
  return Float64Array.from(broadcastMap(tensor.dims, dims), (at) => values[at])
}

/** The value of a constant of one element; null for others. */
export function scalarOf(value: Traced): number | null {
  if (value.kind !== 'constant') return null
  return formSize(value.tensor.dims) === 1 ? numbersOf(value.tensor)[0] : null
}
