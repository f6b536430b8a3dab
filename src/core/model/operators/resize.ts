import { intAttribute, textAttribute, type OnnxNode } from '../onnx/onnx'
import {
  badShape,
  bind,
  constantAt,
  integersOf,
  unsupported,
  valueAt,
  type ImportState,
  type OperatorReader,
  type Value
} from '../onnx/importState'
import { checkedCount } from '../constants/checkedCount'
import { offsetMap, rowMajorStrides } from '../constants/indexing'
import { constantOf, numbersOf } from '../constants/numbers'
import { affineOf } from './affine'
import { joinValues } from './binary'
import { moved } from './shaping'

/** Resize and Upsample, to the nearest element (a view) or linear (ONNX operator documentation, Resize). */
export const readResize: OperatorReader = (state, node) => {
  const value = valueAt(state, node, 0)
  const mode = textAttribute(node, 'mode', 'nearest')
  const isLinear = mode === 'linear' || mode === 'bilinear'
  if (mode !== 'nearest' && !isLinear) {
    throw unsupported(node, `mode "${mode}" is not supported`, "Use mode='nearest' or mode='linear'.")
  }
  if (intAttribute(node, 'antialias', 0) !== 0)
    throw unsupported(node, 'antialias is not supported', 'Export with antialias=False.')
  const { dims } = value
  const { sizes, scales } = targetOf(state, node, dims)
  if (sizes[0] !== dims[0]) throw badShape(node, 'it changes the batch')
  checkedCount(node, sizes)
  if (isLinear) return bind(state, node, interpolated(state, node, value, sizes, scales))
  const strides = rowMajorStrides(dims)
  const map = offsetMap(
    sizes.map((length, axis) =>
      Array.from({ length }, (_, at) => nearest(node, at, length, dims[axis], scales[axis]) * strides[axis])
    )
  )
  bind(state, node, moved(value, { dims: sizes, map }, node.name))
}

function targetOf(
  state: ImportState,
  node: OnnxNode,
  dims: readonly number[]
): { sizes: number[]; scales: number[] } {
  const isUpsample = node.opType === 'Upsample'
  const attribute = node.attributes['scales']
  const scaleTensor = constantAt(state, node, isUpsample || state.opset < 11 ? 1 : 2)
  const given =
    attribute?.kind === 'floats'
      ? [...attribute.value]
      : scaleTensor === undefined
        ? []
        : [...numbersOf(scaleTensor)]
  if (given.length === dims.length) {
    return { sizes: dims.map((size, axis) => Math.floor(size * given[axis])), scales: given }
  }
  const sizeTensor = constantAt(state, node, 3)
  if (sizeTensor === undefined || sizeTensor.data.length !== dims.length)
    throw unsupported(node, 'its sizes are neither constant scales nor constant sizes of all axes')
  const sizes = integersOf(sizeTensor)
  return { sizes, scales: sizes.map((size, axis) => size / dims[axis]) }
}

/** Along one axis after the other: the element before plus its share of the step to the next. */
function interpolated(
  state: ImportState,
  node: OnnxNode,
  value: Value,
  sizes: readonly number[],
  scales: readonly number[]
): Value {
  let result = value
  for (const [axis, length] of sizes.entries()) {
    const size = result.dims[axis]
    if (length === size && scales[axis] === 1) continue
    const places = Array.from({ length }, (_, at) =>
      Math.min(size - 1, Math.max(0, sourceOf(node, at, length, size, scales[axis])))
    )
    const below = places.map(Math.floor)
    const shares = Float32Array.from(places, (place, at) => place - below[at])
    const from = picked(node, result, axis, below)
    if (shares.every((share) => share === 0)) {
      result = from
      continue
    }
    const next = picked(
      node,
      result,
      axis,
      below.map((place) => Math.min(size - 1, place + 1))
    )
    const dims = sizes.map((_, at) => (at === axis ? length : 1))
    const step = affineOf(state, node, joinValues(state, node, 'sub', next, from), {
      scale: constantOf('float32', dims, shares),
      shift: null
    })
    result = joinValues(state, node, 'add', from, step)
  }
  return result
}

function picked(node: OnnxNode, value: Value, axis: number, indices: readonly number[]): Value {
  const strides = rowMajorStrides(value.dims)
  const dims = value.dims.map((size, at) => (at === axis ? indices.length : size))
  const map = offsetMap(
    value.dims.map((size, at) =>
      (at === axis ? indices : Array.from({ length: size }, (_, index) => index)).map(
        (index) => index * strides[at]
      )
    )
  )
  return moved(value, { dims, map }, node.name)
}

function nearest(node: OnnxNode, at: number, length: number, size: number, scale: number): number {
  if (length === size && scale === 1) return at
  const isOld = node.opType === 'Upsample'
  const real = sourceOf(node, at, length, size, scale)
  const rounding = textAttribute(node, 'nearest_mode', isOld ? 'floor' : 'round_prefer_floor')
  const index =
    rounding === 'floor'
      ? Math.floor(real)
      : rounding === 'ceil'
        ? Math.ceil(real)
        : rounding === 'round_prefer_ceil'
          ? Math.floor(real + 0.5)
          : Math.ceil(real - 0.5)
  return Math.min(size - 1, Math.max(0, index))
}

/** Where an output element lies on the input's axis; each step in float32 as in onnxruntime, as the rest of a quotient decides. */
function sourceOf(node: OnnxNode, at: number, length: number, size: number, scale: number): number {
  const isOld = node.opType === 'Upsample'
  const place = textAttribute(node, 'coordinate_transformation_mode', isOld ? 'asymmetric' : 'half_pixel')
  const single = Math.fround(scale)
  let x: number
  if (place === 'asymmetric') x = at / single
  else if (place === 'half_pixel') x = Math.fround((at + 0.5) / single) - 0.5
  else if (place === 'pytorch_half_pixel') x = length > 1 ? Math.fround((at + 0.5) / single) - 0.5 : 0
  else if (place === 'align_corners') x = length > 1 ? (at * (size - 1)) / (length - 1) : 0
  else throw unsupported(node, `coordinate_transformation_mode "${place}" is not supported`)
  return Math.fround(x)
}
