import type { OnnxNode, OnnxTensor } from '../onnx/onnx'
import {
  append,
  badShape,
  bind,
  floatsOf,
  innerShape,
  isWhole,
  laidOut,
  plainValue,
  shapeOf,
  type ImportState,
  type Value
} from '../onnx/importState'
import { sizeOf, type Shape } from '../graph'
import { broadcastDims, broadcastMap } from '../constants/indexing'
import { inNodeOrder } from '../axes'
import { moved } from './shaping'

/** y = x * scale + shift with known tensors, element by element as ONNX broadcasts them. */
export interface Affine {
  readonly scale: OnnxTensor | null
  readonly shift: OnnxTensor | null
}

/** A value times and plus constants; per channel where the constants allow, so that later passes can fold it. */
export function bindAffine(state: ImportState, node: OnnxNode, value: Value, affine: Affine): void {
  bind(state, node, affineOf(state, node, value, affine))
}

/** Returns scale * value + shift, both broadcast as ONNX does. @throws AppError where shapes do not fit */
export function affineOf(state: ImportState, node: OnnxNode, value: Value, { scale, shift }: Affine): Value {
  let dims: readonly number[] = value.dims
  for (const tensor of [scale, shift]) {
    const joined: number[] | null = tensor === null ? [...dims] : broadcastDims(dims, tensor.dims)
    if (joined === null)
      throw badShape(node, `[${dims}] and a constant of [${tensor!.dims}] cannot be broadcast together`)
    dims = joined
  }
  const wide = widened(state, node, value, dims)
  const shape = shapeOf(state, wide.node)
  const spread = (tensor: OnnxTensor | null): Float32Array | null => {
    if (tensor === null) return null
    const values = floatsOf(node, tensor)
    return inNodeOrder(
      wide,
      Float32Array.from(broadcastMap(tensor.dims, dims), (at) => values[at])
    )
  }
  return { ...wide, node: emit(state, node, wide.node, shape, spread(scale), spread(shift)) }
}

/** The value repeated as broadcasting to `dims` repeats it. */
export function broadcastView(value: Value, dims: readonly number[], viewName: string): Value {
  const isLarger = sizeOf(dims) !== sizeOf(value.dims)
  return moved(value, { dims, map: isLarger ? broadcastMap(value.dims, dims) : null }, viewName)
}

/** The value at the broadcast shape, as a view that takes every element of its node once. */
function widened(state: ImportState, node: OnnxNode, value: Value, dims: readonly number[]): Value {
  const view = broadcastView(value, dims, node.name)
  if (isWhole(state, view)) return { node: view.node, dims, map: view.map, fill: 0 }
  return plainValue(laidOut(state, node, view, innerShape(dims)), dims)
}

function emit(
  state: ImportState,
  node: OnnxNode,
  input: number,
  shape: Shape,
  scale: Float32Array | null,
  shift: Float32Array | null
): number {
  const channels = shape[0]
  const [perChannel, offsets] = [channelValues(scale, channels), channelValues(shift, channels)]
  const isLinear = shape.length === 3 || shape.length === 1 || (isUniform(scale) && isUniform(shift))
  if (perChannel !== null && offsets !== null && isLinear) {
    return append(state, {
      op: 'batchNorm',
      name: node.name,
      inputs: [input],
      outputShape: shape,
      scale: scale === null ? perChannel.fill(1) : perChannel,
      shift: offsets
    })
  }
  let index = input
  if (scale !== null) {
    const inputs = [index, constantNode(state, node, scale, shape)]
    index = append(state, { op: 'binary', name: node.name, function: 'mul', inputs, outputShape: shape })
  }
  if (shift !== null) {
    const inputs = [index, constantNode(state, node, shift, shape)]
    index = append(state, { op: 'binary', name: node.name, function: 'add', inputs, outputShape: shape })
  }
  return index
}

/** One value per entry of axis 0 where all elements of it agree; zeros for no values; null where they do not agree. */
function channelValues(values: Float32Array | null, channels: number): Float32Array | null {
  if (values === null) return new Float32Array(channels)
  const inner = values.length / channels
  const result = new Float32Array(channels)
  for (let at = 0; at < values.length; at++) {
    const channel = Math.floor(at / inner)
    if (at % inner === 0) result[channel] = values[at]
    else if (values[at] !== result[channel]) return null
  }
  return result
}

function isUniform(values: Float32Array | null): boolean {
  return values === null || values.every((value) => value === values[0])
}

/** A constant as a value like any computed one. */
export function constantValue(state: ImportState, node: OnnxNode, tensor: OnnxTensor): Value {
  const shape = innerShape(tensor.dims)
  return plainValue(
    append(state, {
      op: 'constant',
      name: `${node.name}.constant`,
      inputs: [],
      outputShape: shape,
      values: floatsOf(node, tensor)
    }),
    tensor.dims
  )
}

/** A constant node of the elements (in the order of `shape`), with size 1 along axes over which they do not change. */
export function constantNode(
  state: ImportState,
  node: OnnxNode,
  elements: Float32Array,
  shape: Shape
): number {
  let values = elements
  const sizes = [...shape]
  for (let axis = 0; axis < sizes.length; axis++) {
    const inner = sizeOf(sizes.slice(axis + 1))
    const size = sizes[axis]
    const isSame = values.every((value, at) => value === values[at - (Math.floor(at / inner) % size) * inner])
    if (!isSame) continue
    values = values.filter((_, at) => Math.floor(at / inner) % size === 0)
    sizes[axis] = 1
  }
  return append(state, {
    op: 'constant',
    name: `${node.name}.constant`,
    inputs: [],
    outputShape: sizes,
    values
  })
}
