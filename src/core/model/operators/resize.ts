import { intAttribute, intsAttribute, textAttribute, type OnnxNode } from '../onnx/onnx'
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
import { axisOf } from './arguments'
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
  if (sizes[0] !== dims[0] && state.batch > 1) throw badShape(node, 'it changes the batch')
  checkedCount(node, sizes)
  if (isLinear) return bind(state, node, interpolated(state, node, value, sizes, scales))
  const placing = placingOf(state, node)
  const strides = rowMajorStrides(dims)
  const map = offsetMap(
    sizes.map((length, axis) =>
      Array.from(
        { length },
        (_, at) => nearest(placing, at, length, dims[axis], scales[axis]) * strides[axis]
      )
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
  const axes = (intsAttribute(node, 'axes') ?? dims.map((_, axis) => axis)).map((axis) =>
    axisOf(node, axis, dims.length)
  )
  const along = (values: readonly number[], others: (axis: number) => number): number[] =>
    dims.map((_, axis) => (axes.includes(axis) ? values[axes.indexOf(axis)] : others(axis)))
  if (given.length > 0 && given.length === axes.length) {
    const scales = along(given, () => 1)
    return { sizes: dims.map((size, axis) => Math.floor(size * Math.fround(scales[axis]))), scales }
  }
  const sizeTensor = constantAt(state, node, 3)
  if (sizeTensor === undefined || sizeTensor.data.length !== axes.length)
    throw unsupported(node, 'its sizes are neither constant scales nor constant sizes of its axes')
  return fitted(
    node,
    dims,
    axes,
    along(integersOf(sizeTensor), (axis) => dims[axis]),
    state.batch
  )
}

/** Sizes as given, or the largest within them (the smallest around them) that keep the ratio of the axes. */
function fitted(
  node: OnnxNode,
  dims: readonly number[],
  axes: readonly number[],
  given: readonly number[],
  batch: number
): { sizes: number[]; scales: number[] } {
  const sizes = given.map((size, axis) => (axis === 0 && batch > 1 && size === batch ? 1 : size))
  const policy = textAttribute(node, 'keep_aspect_ratio_policy', 'stretch')
  if (policy === 'stretch') return { sizes, scales: sizes.map((size, axis) => size / dims[axis]) }
  if ((intsAttribute(node, 'axes') ?? []).some((axis) => axis < 0))
    throw unsupported(
      node,
      'axes from the end together with keep_aspect_ratio_policy are not supported',
      'onnxruntime reads them in its own way: count the axes from the front.'
    )
  const ratios = axes.map((axis) => sizes[axis] / dims[axis])
  const scale = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios)
  return {
    sizes: dims.map((size, axis) => (axes.includes(axis) ? Math.round(scale * size) : size)),
    scales: dims.map((_, axis) => (axes.includes(axis) ? scale : 1))
  }
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
  const placing = placingOf(state, node)
  for (const [axis, length] of sizes.entries()) {
    const size = result.dims[axis]
    if (length === size && scales[axis] === 1) continue
    const places = Array.from({ length }, (_, at) =>
      Math.min(size - 1, Math.max(0, sourceOf(placing, at, length, size, scales[axis])))
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

/** How output elements are placed on the input's axes. */
interface Placing {
  readonly node: OnnxNode
  readonly coordinates: string
  readonly rounding: string
}

/** Upsample and Resize of opset 10 begin where the input does; to the nearest they round down, where they shrink up, as onnxruntime does. */
function placingOf(state: ImportState, node: OnnxNode): Placing {
  const isOld = node.opType === 'Upsample' || state.opset < 11
  return {
    node,
    coordinates: textAttribute(node, 'coordinate_transformation_mode', isOld ? 'asymmetric' : 'half_pixel'),
    rounding: textAttribute(node, 'nearest_mode', isOld ? 'simple' : 'round_prefer_floor')
  }
}

function nearest(placing: Placing, at: number, length: number, size: number, scale: number): number {
  if (length === size && scale === 1) return at
  const real = sourceOf(placing, at, length, size, scale)
  return Math.min(size - 1, Math.max(0, rounded(real, placing.rounding, scale)))
}

function rounded(real: number, mode: string, scale: number): number {
  switch (mode) {
    case 'floor':
      return Math.floor(real)
    case 'ceil':
      return Math.ceil(real)
    case 'round_prefer_ceil':
      return Math.floor(real + 0.5)
    case 'simple':
      return scale < 1 ? Math.ceil(real) : Math.floor(real)
    default:
      return Math.ceil(real - 0.5)
  }
}

/** Where an output element lies on the input's axis; each step in float32 as in onnxruntime, as the rest of a quotient decides. */
function sourceOf(
  { node, coordinates: place }: Placing,
  at: number,
  length: number,
  size: number,
  scale: number
): number {
  const single = Math.fround(scale)
  let x: number
  if (place === 'asymmetric') x = at / single
  else if (place === 'half_pixel') x = Math.fround((at + 0.5) / single) - 0.5
  else if (place === 'pytorch_half_pixel') x = length > 1 ? Math.fround((at + 0.5) / single) - 0.5 : 0
  else if (place === 'half_pixel_symmetric') {
    const adjustment = length / (single * size)
    x = (size / 2) * (1 - adjustment) + Math.fround((at + 0.5) / single) - 0.5
  } else if (place === 'tf_half_pixel_for_nn') x = (at + 0.5) / single
  else if (place === 'align_corners') x = length > 1 ? (at * (size - 1)) / (length - 1) : 0
  else throw unsupported(node, `coordinate_transformation_mode "${place}" is not supported`)
  return Math.fround(x)
}
