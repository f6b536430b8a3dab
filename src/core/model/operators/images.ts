import type { OnnxNode } from '../onnx/onnx'
import {
  badShape,
  isWhole,
  laidOut,
  plainValue,
  shapeOf,
  type ImportState,
  type Value
} from '../onnx/importState'
import type { Shape } from '../graph'

/** A value as an image node: [batch, C, H, W] or, as rows of height 1, [batch, C, L]. */
export interface ImageInput {
  readonly node: number
  readonly channels: number
  readonly size: readonly [height: number, width: number]
  /** Spatial axes of the ONNX tensor, 1 or 2. */
  readonly rank: number
  /** Channel of the node for each channel of the value; null: the same. */
  readonly order: Int32Array | null
}

/**
 * @param keepsOrder the reader can take channels in another order, so that a shuffle of them costs nothing
 * @throws AppError model.unsupportedShape for other ranks.
 */
export function imageInput(state: ImportState, node: OnnxNode, value: Value, keepsOrder = false): ImageInput {
  const { dims } = value
  const rank = dims.length - 2
  if ((rank !== 1 && rank !== 2) || dims[0] !== 1)
    throw badShape(node, `its input is [${dims.join(', ')}]; only windows over one or two axes are supported`)
  const channels = dims[1]
  const size: readonly [number, number] = rank === 1 ? [1, dims[2]] : [dims[2], dims[3]]
  const shape = [channels, ...size]
  const order = keepsOrder ? channelOrder(state, value, shape) : null
  if (order !== null) return { node: value.node, channels, size, rank, order }
  return { node: laidOut(state, node, value, shape), channels, size, rank, order: null }
}

/** The value an image node stands for: [1, C, H, W] or [1, C, L], its channels in the given order. */
export function imageValue(
  state: ImportState,
  index: number,
  rank: number,
  order: Int32Array | null = null
): Value {
  const [channels, height, width] = shapeOf(state, index) as unknown as [number, number, number]
  const dims = rank === 1 ? [1, channels, width] : [1, channels, height, width]
  if (order === null) return plainValue(index, dims)
  const plane = height * width
  const map = Int32Array.from(
    { length: channels * plane },
    (_, at) => order[Math.floor(at / plane)] * plane + (at % plane)
  )
  return { node: index, dims, map, fill: 0 }
}

/** Where the view only puts whole channels elsewhere: the node's channel of each; null otherwise and where it does nothing. */
function channelOrder(state: ImportState, value: Value, shape: Shape): Int32Array | null {
  if (value.map === null || shapeOf(state, value.node).join() !== shape.join() || !isWhole(state, value))
    return null
  const plane = shape[1] * shape[2]
  const order = new Int32Array(shape[0])
  for (let at = 0; at < value.map.length; at++) {
    const channel = Math.floor(at / plane)
    if (at % plane === 0) order[channel] = Math.floor(value.map[at] / plane)
    if (value.map[at] !== order[channel] * plane + (at % plane)) return null
  }
  return order.every((channel, at) => channel === at) ? null : order
}
