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
    step *= shape[axis]!
  }
  return strides
}

/** Place in memory of each element in ONNX order. */
export function storagePlaces(shape: Shape): Int32Array {
  return placesBy(shape, storageStrides(shape))
}

/** Sum of index * stride for each element in ONNX order. */
export function placesBy(shape: Shape, strides: readonly number[], offset = 0): Int32Array {
  let places = Int32Array.of(offset)
  for (const [axis, size] of shape.entries()) {
    const next = new Int32Array(places.length * size)
    let at = 0
    for (const place of places)
      for (let index = 0; index < size; index++) next[at++] = place + index * strides[axis]!
    places = next
  }
  return places
}

/** Elements between neighbours in ONNX order. */
export function onnxStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length)
  let step = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step
    step *= shape[axis]!
  }
  return strides
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
    .map((axis, at) => (axes.includes(axis) && shape[axis]! > 1 ? at : -1))
    .filter((at) => at >= 0)
  if (own.length === 0) return { outer: sizeOf(shape), count: 1, inner: 1 }
  const [first, last] = [own[0]!, own.at(-1)!]
  for (let at = first; at <= last; at++) if (!inside[at]) return null
  const product = (from: number, to: number): number =>
    sizeOf(order.slice(from, to).map((axis) => shape[axis]!))
  return { outer: product(0, first), count: product(first, last + 1), inner: product(last + 1, order.length) }
}

/** Strides of an operand for each axis of the result it is broadcast to (aligned at the last axis); 0 where it repeats. */
export function broadcastStrides(shape: Shape, result: Shape, strides: readonly number[]): number[] {
  return result.map((_, axis) => {
    const own = axis - (result.length - shape.length)
    return own < 0 || shape[own] === 1 ? 0 : strides[own]!
  })
}

/** Shape of two tensors broadcast together; null where their sizes do not go together. */
export function broadcastShape(a: Shape, b: Shape): Shape | null {
  const rank = Math.max(a.length, b.length)
  const result: number[] = []
  for (let axis = 0; axis < rank; axis++) {
    const x = a[axis - rank + a.length] ?? 1
    const y = b[axis - rank + b.length] ?? 1
    if (x !== y && x !== 1 && y !== 1) return null
    result.push(x === 1 ? y : x)
  }
  return result
}
