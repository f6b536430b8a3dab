import { AppError } from '../../shared/errors'
import type { OnnxNode, OnnxTensor } from './onnx'
import type { GraphNode, Shape } from './graph'

/** What the operator readers share while one ONNX graph is read. */
export interface ImportState {
  readonly nodes: GraphNode[]
  /** Tensors known before any image: initializers, Constant nodes, folded shape arithmetic. */
  readonly constants: Map<string, OnnxTensor>
  /** Node index (-1 network input) of every value that depends on the image. */
  readonly values: Map<string, number>
  readonly inputShape: Shape
  /** How many nodes read a value; graph outputs count as one more. */
  readonly uses: ReadonlyMap<string, number>
  /** Values behind which only Softmax, ArgMax and Identity stand before the graph's output. */
  readonly endings: ReadonlySet<string>
}

/** Reads one operator into the state; appends nodes, or aliases its output to an existing value. */
export type OperatorReader = (state: ImportState, node: OnnxNode) => void

export function unsupported(node: OnnxNode, what: string, hint?: string): AppError {
  return new AppError(
    'model.unsupportedOperator',
    `Node "${node.name}" (${node.opType}): ${what}.`,
    hint ??
      'Replace the operator in the network or export it in another way; docs/models.md lists what is read.',
    { details: { node: node.name, operator: node.opType } }
  )
}

export function badShape(node: OnnxNode, what: string): AppError {
  return new AppError(
    'model.unsupportedShape',
    `Node "${node.name}" (${node.opType}): ${what}.`,
    'Check the shapes of the exported network; images are [batch, channels, height, width], vectors [batch, n].',
    { details: { node: node.name, operator: node.opType } }
  )
}

export function shapeOf(state: ImportState, index: number): Shape {
  return index < 0 ? state.inputShape : state.nodes[index]!.outputShape
}

/** Index of the image-dependent value at an input; a constant or a missing value there is an error. */
export function valueAt(state: ImportState, node: OnnxNode, position: number): number {
  const name = node.inputs[position]
  const index = name === undefined ? undefined : state.values.get(name)
  if (index === undefined)
    throw unsupported(node, `input ${position + 1} ("${name ?? ''}") is not computed from the image`)
  return index
}

export function constantAt(state: ImportState, node: OnnxNode, position: number): OnnxTensor | undefined {
  const name = node.inputs[position]
  return name === undefined || name === '' ? undefined : state.constants.get(name)
}

/** A constant float input; an AppError names the node when it is computed or missing. */
export function weightsAt(state: ImportState, node: OnnxNode, position: number): OnnxTensor {
  const tensor = constantAt(state, node, position)
  if (tensor === undefined) throw unsupported(node, `input ${position + 1} must be a constant tensor`)
  return tensor
}

/** Values as float32; NaN or infinity is a broken file. */
export function floatsOf(node: OnnxNode, tensor: OnnxTensor): Float32Array {
  const values = Float32Array.from(tensor.data as ArrayLike<number | bigint>, Number)
  if (!values.every(Number.isFinite)) {
    throw new AppError(
      'model.invalid',
      `Tensor "${tensor.name}" of node "${node.name}" holds values that are not finite.`,
      'Export the network again from a training run that did not diverge.'
    )
  }
  return values
}

export function integersOf(tensor: OnnxTensor): number[] {
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number)
}

/** Appends a node and binds the ONNX node's first output to it. */
export function append(state: ImportState, from: OnnxNode, node: GraphNode): void {
  state.values.set(from.outputs[0]!, state.nodes.length)
  state.nodes.push(node)
}

/** Binds the first output to an existing value: the operator changes nothing here. */
export function passThrough(state: ImportState, from: OnnxNode, index: number): void {
  state.values.set(from.outputs[0]!, index)
}
