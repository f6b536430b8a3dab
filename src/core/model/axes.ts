import { shapeOf, type ImportState, type Value } from './onnx/importState'
import { rowMajorStrides, stridedMap } from './constants/indexing'
import { sizeOf, type Shape } from './graph'

/**
 * Which axis of its node each axis of a value is: [1, 3, 4, 2] over an image [2, 3, 4] (channels last) gives [-1, 1, 2, 0].
 * -1 for axes of size 1 that are none of the node's. Null where the view is more than a permutation of axes.
 */
export type AxisMap = readonly number[]

/** Returns which axis of the stored tensor each axis of an ONNX value is; null where the value is no permutation of it. */
export function axisMapOf(state: ImportState, value: Value): AxisMap | null {
  const shape = shapeOf(state, value.node)
  const size = sizeOf(shape)
  if (value.dims.reduce((product, length) => product * length, 1) !== size) return null
  const own = rowMajorStrides(shape)
  const steps = rowMajorStrides(value.dims)
  const strides = value.dims.map((length, axis) =>
    length === 1 ? 0 : value.map === null ? steps[axis] : value.map[steps[axis]] - value.map[0]
  )
  const axes = value.dims.map((length, axis) =>
    length === 1 ? -1 : shape.findIndex((size, at) => size === length && own[at] === strides[axis])
  )
  if (axes.some((axis, at) => axis < 0 && value.dims[at] !== 1)) return null
  if (value.map !== null) {
    if (value.map[0] !== 0) return null
    const expected = stridedMap(value.dims, strides)
    if (value.map.some((entry, at) => entry !== expected[at])) return null
  }
  return placeUnits(shape, axes)
}

/** Axes of size 1 take the node's axes of size 1 that are left, in order where that leaves the others in order. */
function placeUnits(shape: Shape, axes: readonly number[]): AxisMap {
  const free = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis))
  const units = axes.map((axis, at) => (axis < 0 ? at : -1)).filter((at) => at >= 0)
  const result = [...axes]
  // The batch comes first and is none of the node's axes.
  const spare = units.length - free.length
  for (const [at, unit] of units.entries())
    if (at >= spare) result[unit] = free[at - Math.max(0, spare)] ?? -1
  return result
}

/** The view of a node's output under which its axes are `dims` as the axis map says. */
export function viewBy(node: number, shape: Shape, dims: readonly number[], axes: AxisMap): Value {
  const own = rowMajorStrides(shape)
  const map = stridedMap(
    dims,
    axes.map((axis) => (axis < 0 ? 0 : own[axis]))
  )
  return { node, dims, map: isCounting(map) ? null : map, fill: 0 }
}

function isCounting(map: Int32Array): boolean {
  return map.every((entry, at) => entry === at)
}

/** The value's constant counterpart: an element per element of the value, put in the order of the value's node. */
export function inNodeOrder(value: Value, elements: ArrayLike<number>): Float32Array {
  const result = new Float32Array(elements.length)
  for (let at = 0; at < elements.length; at++) result[value.map === null ? at : value.map[at]] = elements[at]
  return result
}
