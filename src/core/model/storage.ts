import { stridedMap } from './constants/indexing'
import { sizeOf, type Shape } from './graph'

/**
 * How a tensor lies in memory. A tensor of rank 3 is an image [channels, height, width] and lies as rows of pixels of channels
 * (HWC); every other rank lies in ONNX order, the last axis innermost.
 */

/** Axes from the outermost to the innermost in memory. */
export function storageAxes(rank: number): readonly number[] {
  return rank === 3 ? [1, 2, 0] : Array.from({ length: rank }, (_, axis) => axis)
}

/** Elements between neighbours along each axis. */
export function storageStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length)
  let step = 1
  for (const axis of [...storageAxes(shape.length)].reverse()) {
    strides[axis] = step
    step *= shape[axis]
  }
  return strides
}

/** Place in memory of each element in ONNX order. */
export function storagePlaces(shape: Shape): Int32Array {
  return stridedMap(shape, storageStrides(shape))
}

/**
 * The axes of a reduction as three nested counts over memory: elements before, along and behind them; null where the
 * axes do not lie next to each other.
 */
export function reductionLoops(
  shape: Shape,
  axes: readonly number[]
): { outer: number; count: number; inner: number } | null {
  const order = storageAxes(shape.length)
  const inside = order.map((axis) => axes.includes(axis) || shape[axis] === 1)
  const own = order
    .map((axis, at) => (axes.includes(axis) && shape[axis] > 1 ? at : -1))
    .filter((at) => at >= 0)
  if (own.length === 0) return { outer: sizeOf(shape), count: 1, inner: 1 }
  const [first, last] = [own[0], own.at(-1)!]
  for (let at = first; at <= last; at++) if (!inside[at]) return null
  const product = (from: number, to: number): number =>
    sizeOf(order.slice(from, to).map((axis) => shape[axis]))
  return { outer: product(0, first), count: product(first, last + 1), inner: product(last + 1, order.length) }
}

/** Strides of an operand for each axis of the result it is broadcast to (aligned at the last axis); 0 where it repeats. */
export function broadcastStrides(shape: Shape, result: Shape, strides: readonly number[]): number[] {
  return result.map((_, axis) => {
    const own = axis - (result.length - shape.length)
    return own < 0 || shape[own] === 1 ? 0 : strides[own]
  })
}
