import { AppError } from '../../../shared/errors'
import { badShape } from '../../model/onnx/importState'
import { constantOf } from '../../model/constants/numbers'
import type { OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from '../../model/onnx/onnx'
import { maxSizes } from '../config'
import { dropDeadNodes } from '../../model/passes/dropDeadNodes'
import { nameNodes } from '../../model/passes/nameNodes'
import { sortNodes } from '../../model/passes/sortNodes'
import { formOf, formSize, pick, type Form } from './form'
import { knownResults } from './knownOperators'
import { moveOf, movesOnly, splitMoves } from './movement'
import { knownOf, traceReaders } from './traceOperators'
import { decoderHint, notLlama, type TraceState } from './traceState'

const shapeHint = 'Check the file, and export it with a sequence of open length, or a shorter sequence.'

/** Tokens of the sequence that is traced where the file leaves its length open. */
const openLength = 4
/** Most elements of sums that are kept, with 12 bytes each: 1.5 GiB. */
const maxTracedElements = 2 ** 27

/** A decoder's graph for one sequence. */
export interface TracedDecoder {
  /** Logits [1][tokens][vocabulary]. */
  readonly logits: Form
  /** The node that makes them. */
  readonly node: OnnxNode
  /** The length that the file fixes; null where it is open. */
  readonly fixedLength: number | null
}

/** An input of a decoder's file. */
export interface DecoderInput {
  readonly name: string
  readonly role: 'tokens' | 'mask' | 'positions' | 'past'
  readonly dims: readonly number[]
}

/**
 * The inputs of a decoder and their sizes for a sequence without a past. `length`: tokens where the file leaves them open.
 * @throws AppError model.invalid where there is no input for tokens, or one that no decoder has
 */
export function decoderInputs(model: OnnxModel, length = openLength): DecoderInput[] {
  const initialized = new Set(model.initializers.map(({ name }) => name))
  const own = model.inputs.filter(({ name }) => !initialized.has(name))
  const roles = own.map((value) => roleOf(value, own))
  const tokens = own[roles.indexOf('tokens')]
  if (tokens?.dims?.length !== 2)
    throw invalid('it has no input of tokens [batch, sequence]', 'Export it with input_ids of int64.')
  const fixed = tokens.dims[1]
  const count = typeof fixed === 'number' ? fixed : length
  return own.map((value, index) => {
    const role = roles[index]
    const dims = (value.dims ?? []).map((size, axis) => {
      if (typeof size === 'number') return size
      if (axis === 0) return 1
      return role === 'past' ? 0 : count
    })
    checkSizes(value.name, dims)
    if (dims[0] !== 1 && role !== 'past')
      throw invalid(`its input "${value.name}" is [${dims}]`, 'Export it for one sequence, a batch of 1.')
    return { name: value.name, role, dims }
  })
}

/** An input is no larger than the cache of the longest sequence of the widest model. */
function checkSizes(name: string, dims: readonly number[]): void {
  const { sequenceLength, dim } = maxSizes
  const areSizes = dims.every((size) => Number.isInteger(size) && size >= 0 && size <= sequenceLength)
  if (areSizes && formSize(dims) <= sequenceLength * dim) return
  throw invalid(`its input "${name}" is [${dims}]`, shapeHint)
}

function roleOf({ name, elementType }: OnnxValue, all: readonly OnnxValue[]): DecoderInput['role'] {
  if (/past|cache/i.test(name) && elementType.startsWith('float')) return 'past'
  if (/mask/i.test(name)) return 'mask'
  if (/position/i.test(name)) return 'positions'
  const isInteger = elementType === 'int64' || elementType === 'int32'
  const others = all.filter(
    (value) => value.elementType === elementType && !/mask|position/i.test(value.name)
  )
  if (isInteger && others.length === 1) return 'tokens'
  if (isInteger && /input_ids|tokens?|ids$/i.test(name)) return 'tokens'
  throw invalid(`a decoder has no input like "${name}"`, decoderHint)
}

/**
 * Follows a decoder's graph for one short sequence; all values together have at most `maxElements`.
 * @throws AppError model.unsupportedOperator with the node that no Llama-style decoder has, model.invalid, model.unsupportedShape
 */
export function traceDecoder(model: OnnxModel, maxElements = maxTracedElements): TracedDecoder {
  const output = model.outputs.find(({ name }) => name === 'logits') ?? model.outputs[0]
  if (output === undefined) throw invalid('it has no output', 'Export it with its logits as output.')
  const nodes = dropDeadNodes(sortNodes(nameNodes(model.nodes)), [output.name])
  const node = nodes.at(-1)
  if (node === undefined) throw invalid(`nothing computes "${output.name}"`, decoderHint)
  const state = begin(model)
  for (const each of nodes) {
    traceNode(state, each)
    checkTotal(state, each, maxElements)
  }
  const found = state.values.get(output.name)
  if (found?.kind !== 'form') throw notLlama(node, 'its logits do not depend on the tokens')
  const tokens = model.inputs.find(({ name }) =>
    decoderInputs(model).some((one) => one.role === 'tokens' && one.name === name)
  )
  const fixed = tokens?.dims?.[1]
  return { logits: found.form, node, fixedLength: typeof fixed === 'number' ? fixed : null }
}

function begin(model: OnnxModel): TraceState {
  const state: TraceState = { opset: model.opset, values: new Map(), atoms: 0, elements: 0 }
  for (const tensor of model.initializers) state.values.set(tensor.name, { kind: 'constant', tensor })
  for (const { name, role, dims } of decoderInputs(model)) {
    if (role === 'tokens') {
      const form = formOf({ kind: 'tokens', id: state.atoms++, node: `input "${name}"`, dims })
      state.values.set(name, { kind: 'form', form })
      continue
    }
    const count = dims.reduce((product, size) => product * size, 1)
    const values = new Float64Array(count).map((_, at) => (role === 'positions' ? at : 1))
    const tensor = constantOf(role === 'past' ? 'float32' : 'int64', dims, values)
    state.values.set(name, { kind: 'constant', tensor })
  }
  return state
}

function traceNode(state: TraceState, node: OnnxNode): void {
  try {
    results(state, node)
  } catch (reason) {
    if (!(reason instanceof AppError))
      throw badShape(
        node,
        `it cannot be read: ${reason instanceof Error ? reason.message : String(reason)}`,
        shapeHint
      )
    if (reason.code !== 'model.unsupportedShape') throw reason
    throw new AppError(reason.code, reason.message, shapeHint, { details: reason.details ?? {} })
  }
}

/** Counts what a node's results take. @throws AppError model.unsupportedShape */
function checkTotal(state: TraceState, node: OnnxNode, most: number): void {
  for (const name of node.outputs) {
    const value = state.values.get(name)
    if (value === undefined) continue
    const { dims, copies } =
      value.kind === 'form'
        ? { dims: value.form.dims, copies: Math.max(1, value.form.terms.length) }
        : { dims: value.tensor.dims, copies: 1 }
    state.elements += copies * formSize(dims)
  }
  if (state.elements > most)
    throw badShape(node, 'the values up to here are too many to be followed', shapeHint)
}

function results(state: TraceState, node: OnnxNode): void {
  const put = (index: number, tensor: OnnxTensor): void => {
    state.values.set(node.outputs[index], { kind: 'constant', tensor })
  }
  const known = knownOf(state, node)
  if (known !== null) return put(0, known)
  const values = node.inputs.map((name) => state.values.get(name))
  const constants = values.map((value) => (value?.kind === 'constant' ? value.tensor : undefined))
  if (values.every((value) => value?.kind !== 'form')) {
    const found = knownResults(node, constants)
    if (found === null) throw notLlama(node, 'this operator is not read')
    return found.forEach((tensor, index) => put(index, tensor))
  }
  const [first] = values
  if (first?.kind === 'form' && node.opType === 'Split') {
    for (const [index, { dims, places }] of splitMoves(node, first.form.dims, constants[1]).entries())
      state.values.set(node.outputs[index], { kind: 'form', form: pick(first.form, dims, places) })
    return
  }
  const form =
    first?.kind === 'form' && movesOnly(node.opType) ? moved(node, first.form, constants) : read(state, node)
  state.values.set(node.outputs[0], { kind: 'form', form })
}

function moved(node: OnnxNode, form: Form, constants: readonly (OnnxTensor | undefined)[]): Form {
  const { dims, places } = moveOf(node, form.dims, constants)
  return pick(form, dims, places)
}

function read(state: TraceState, node: OnnxNode): Form {
  const reader = Object.hasOwn(traceReaders, node.opType) ? traceReaders[node.opType] : undefined
  if (reader === undefined) throw notLlama(node, 'a Llama-style decoder has no such operator')
  return reader(state, node)
}

const invalid = (what: string, hint: string): AppError =>
  new AppError('model.invalid', `The ONNX file is no language model: ${what}.`, hint)
