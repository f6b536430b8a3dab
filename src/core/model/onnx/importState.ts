import { AppError } from '../../../shared/errors'
import type { OnnxNode, OnnxTensor } from './onnx'
import type { Bounds } from '../bounds'
import { sizeOf, type GraphNode, type Shape } from '../graph'
import { isIdentityMap, isBijection } from '../constants/indexing'

/**
 * A value that depends on the input: the elements of one graph node, seen through `map`. Reshapes and transposes change only
 * the view, so that layouts an exporter turns back and forth cost nothing.
 */
export interface Value {
  /** Graph node index; -1 is the network input. */
  readonly node: number
  /** Shape in the ONNX graph, batch (1) included. */
  readonly dims: readonly number[]
  /** For each element in ONNX order, the element of the node (counted in the order of its shape); -1 takes `fill`; null: the same. */
  readonly map: Int32Array | null
  readonly fill: number
  /** Name of the last ONNX node that only changed the view. */
  readonly viewName?: string
  /** Where the value is another one with zeros around its last axes: that one, so that a window can take the padding over. */
  readonly padded?: {
    readonly of: Value
    readonly before: readonly number[]
    readonly after: readonly number[]
  }
}

/** What the operator readers share while one ONNX graph is read. */
export interface ImportState {
  readonly nodes: GraphNode[]
  /** Tensors known before any input: initializers, Constant nodes, all that is computed from them. */
  readonly constants: Map<string, OnnxTensor>
  /** Of these what was made of the first size of a computed value, which is 1 here whatever the fixed batch is. */
  readonly itemSizes: Set<string>
  readonly values: Map<string, Value>
  /** Outputs of nodes that could not be read, or that depend on such: their shapes are unknown. */
  readonly unknown: Set<string>
  /** Computed values that the file holds as integers. */
  readonly integers: Set<string>
  /** Of those that have 8 or 16 bits: their smallest and largest number. */
  readonly narrow: Map<string, IntegerRange>
  /** Values that the file holds as codes and that are read as the real numbers scale * (code - zero). */
  readonly codes: Map<string, ValueCodes>
  readonly inputShape: Shape
  /** Between which values the network's input lies, as far as its type says so. */
  readonly inputBounds: Bounds
  /** Where the file's codes of its input end, if they are part of no layer (inputLimits.ts). */
  readonly inputLimits: Bounds | null
  readonly opset: number
  /** Fixed batch of the exported network, read as 1; 1 where it is 1 or symbolic. */
  readonly batch: number
  /** Whether that axis is symbolic: then a network may be run with several items. */
  readonly isOpenBatch: boolean
  /** Set where an operator joins the items of a symbolic batch: the network is run with one. */
  isOneItem: boolean
  /** Of such a network the values whose first axis is another than the input's. */
  readonly turned: Set<string>
  /** Values behind which only Softmax, LogSoftmax, ArgMax and views stand before an output of the graph. */
  readonly endings: ReadonlySet<string>
  /** Values that lead to nothing but a softmax. */
  readonly scores: ReadonlySet<string>
  /** Softmax and the like at the end, left out of the graph: by the name of their output. */
  readonly left: Map<string, Ending>
  /** Values behind those that only quantize and dequantize them. */
  readonly leftBehind: Set<string>
  /** Names taken by graph nodes. */
  readonly names: Set<string>
  /** Nodes made for a value in another layout, so that several readers share them. */
  readonly layouts: Map<string, number>
}

/** Smallest and largest number of an integer type. */
export type IntegerRange = readonly [low: number, high: number]

/** Of a value that the file holds as codes and that is read as scale * (code - zero). */
export interface ValueCodes {
  readonly scale: number
  readonly zero: number
  /** Smallest and largest code; null where the scale is found at run time only, so that the codes are not known. */
  readonly limits: IntegerRange | null
}

/** Codes of a scale that the file gives. */
export interface KnownCodes extends ValueCodes {
  readonly limits: NonNullable<ValueCodes['limits']>
}

/** What the graph leaves out at the end of the network: an operator that keeps the winner, or the codes of the values. */
export type Ending = AxisEnding | CodeEnding

/** Softmax and the like over one axis. */
export interface AxisEnding {
  readonly kind: 'softmax' | 'logSoftmax' | 'argMax'
  readonly axis: number
  readonly keepAxis: boolean
  /** Of several greatest values argMax takes the last. */
  readonly takesLast?: boolean
}

/** The values as their codes, or rounded to what their codes stand for. */
export interface CodeEnding extends ValueCodes {
  readonly kind: 'codes' | 'rounded'
}

/** Reads one operator into the state: appends nodes, or binds its outputs to views of existing ones. */
export type OperatorReader = (state: ImportState, node: OnnxNode) => void

/** Returns the error for an operator, or a form of one, that is not read. */
export function unsupported(node: OnnxNode, what: string, hint?: string): AppError {
  return new AppError(
    'model.unsupportedOperator',
    `Node "${node.name}" (${node.opType}): ${what}.`,
    hint ??
      'Replace the operator in the network or export it in another way; docs/models.md lists what is read.',
    { details: { node: node.name, operator: node.opType } }
  )
}

/** Returns the error for shapes that do not fit. */
export function badShape(node: OnnxNode, what: string, hint?: string): AppError {
  return new AppError(
    'model.unsupportedShape',
    `Node "${node.name}" (${node.opType}): ${what}.`,
    hint ??
      'Check the shapes of the exported network; images are [batch, channels, height, width], vectors [batch, n].',
    { details: { node: node.name, operator: node.opType } }
  )
}

/** Shape of a graph node's output, or of the network input. */
export function shapeOf(state: ImportState, index: number): Shape {
  return index < 0 ? state.inputShape : state.nodes[index].outputShape
}

/** The input-dependent value at an input; a constant or a missing value there is an error. */
export function valueAt(state: ImportState, node: OnnxNode, position: number): Value {
  const name = node.inputs[position]
  const value = name === undefined ? undefined : state.values.get(name)
  if (value !== undefined) return value
  const what = `input ${position + 1} ("${name ?? ''}")`
  if (state.constants.has(name ?? ''))
    throw unsupported(
      node,
      `${what} is a constant, and this operator is read where it is computed from the network's input`,
      'Have what does not depend on the input worked out when exporting: do_constant_folding of torch.onnx.export, or onnxsim.'
    )
  throw unsupported(
    node,
    `${what} is not computed from the network's input, or is an output of an operator that is not read`
  )
}

/** Returns the constant at an input of a node; undefined where there is none or it is computed. */
export function constantAt(state: ImportState, node: OnnxNode, position: number): OnnxTensor | undefined {
  const name = node.inputs[position]
  return name === undefined || name === '' ? undefined : state.constants.get(name)
}

/** Sizes of a constant or computed input; a missing one is an error. */
export function dimsAt(state: ImportState, node: OnnxNode, position: number): readonly number[] {
  return constantAt(state, node, position)?.dims ?? valueAt(state, node, position).dims
}

/** The codes that a value holds; undefined where it holds none, and where their scale is found at run time (it is read as 1). */
export function knownCodes({ codes }: ImportState, name: string): KnownCodes | undefined {
  const held = codes.get(name)
  return held === undefined || held.limits === null ? undefined : { ...held, limits: held.limits }
}

/** Whether an optional input is given. */
export function hasInput(node: OnnxNode, position: number): boolean {
  return (node.inputs[position] ?? '') !== ''
}

/** A constant input; an AppError names the node when it is computed or missing. */
export function weightsAt(state: ImportState, node: OnnxNode, position: number): OnnxTensor {
  const tensor = constantAt(state, node, position)
  if (tensor === undefined) throw unsupported(node, `input ${position + 1} must be a constant tensor`)
  return tensor
}

/** Values as float32; NaN or infinity is a broken file. */
export function floatsOf(node: OnnxNode, tensor: OnnxTensor): Float32Array {
  const { data } = tensor
  const values = data instanceof BigInt64Array ? Float32Array.from(data, Number) : new Float32Array(data)
  if (!areFinite(values)) {
    throw new AppError(
      'model.invalid',
      `Tensor "${tensor.name}" of node "${node.name}" holds values that are not finite.`,
      'Export the network again from a training run that did not diverge.',
      { details: { node: node.name, operator: node.opType } }
    )
  }
  return values
}

/** Whether no value is NaN or infinite; a loop, because files hold tens of millions of values. */
function areFinite(values: Float32Array): boolean {
  for (let at = 0; at < values.length; at++) if (!Number.isFinite(values[at])) return false
  return true
}

/** Values of an integer constant. */
export function integersOf(tensor: OnnxTensor): number[] {
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number)
}

/** Appends a graph node under a name of its own and returns its index. */
export function append(state: ImportState, node: GraphNode): number {
  let name = node.name
  for (let copy = 2; state.names.has(name); copy++) name = `${node.name}_${copy}`
  state.names.add(name)
  state.nodes.push({ ...node, name })
  return state.nodes.length - 1
}

/** A value with the elements of a node in its own order. */
export function plainValue(node: number, dims: readonly number[]): Value {
  return { node, dims, map: null, fill: 0 }
}

/** Names the value of an output of a node. */
export function bind(state: ImportState, node: OnnxNode, value: Value, position = 0): void {
  state.values.set(node.outputs[position], value)
}

/** The shape without the batch. */
export function innerShape(dims: readonly number[]): Shape {
  if (dims.length === 0) return [1]
  return dims.length > 1 && dims[0] === 1 ? dims.slice(1) : dims
}

/** True where the value's elements are the node's, each once. */
export function isWhole(state: ImportState, value: Value): boolean {
  return value.map === null || isBijection(value.map, sizeOf(shapeOf(state, value.node)))
}

/**
 * Index of a node that holds the value's elements in ONNX order under the wanted shape: the value's own node where it already
 * does, else a move behind it.
 */
export function laidOut(state: ImportState, node: OnnxNode, value: Value, shape: Shape): number {
  const own = shapeOf(state, value.node)
  const isInOrder = value.map === null || (value.map.length === sizeOf(own) && isIdentityMap(value.map))
  if (isInOrder && own.join() === shape.join()) return value.node
  const name = `${node.name}.layout`
  const size = sizeOf(shape)
  const map = value.map ?? Int32Array.from({ length: size }, (_, at) => at)
  return shared(state, `${value.node}|${shape}|${value.fill}|${hashOf(map)}`, () =>
    append(state, { op: 'move', name, inputs: [value.node], outputShape: shape, map, fill: value.fill })
  )
}

function shared(state: ImportState, key: string, make: () => number): number {
  let index = state.layouts.get(key)
  if (index === undefined) state.layouts.set(key, (index = make()))
  return index
}

/** 64 bits of FNV-1a in two halves; with the length enough to tell the layouts of one value apart. */
function hashOf(map: Int32Array): string {
  let low = 0x811c9dc5
  let high = 0xcbf29ce4
  for (const entry of map) {
    low = Math.imul(low ^ entry, 0x01000193)
    high = Math.imul(high ^ (entry + 0x9e37), 0x01000193)
  }
  return `${map.length}:${low}:${high}`
}
