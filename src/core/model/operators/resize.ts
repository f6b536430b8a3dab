import { textAttribute, type OnnxNode } from '../onnx'
import {
  badShape,
  bind,
  constantAt,
  integersOf,
  unsupported,
  valueAt,
  type ImportState,
  type OperatorReader
} from '../importState'
import { checkedCount } from '../constants/checkedCount'
import { offsetMap, rowMajorStrides } from '../constants/indexing'
import { numbersOf } from '../constants/numbers'
import { moved } from './shaping'

/** Resize and Upsample to the nearest element: a view (ONNX operator documentation, Resize). */
export const readResize: OperatorReader = (state, node) => {
  const value = valueAt(state, node, 0)
  const mode = textAttribute(node, 'mode', 'nearest')
  if (mode !== 'nearest') {
    throw unsupported(
      node,
      `mode "${mode}" is not supported`,
      "Use mode='nearest', or a ConvTranspose with fixed weights."
    )
  }
  const { dims } = value
  const { sizes, scales } = targetOf(state, node, dims)
  if (sizes[0] !== dims[0]) throw badShape(node, 'it changes the batch')
  checkedCount(node, sizes)
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

function nearest(node: OnnxNode, at: number, length: number, size: number, scale: number): number {
  if (length === size && scale === 1) return at
  const isOld = node.opType === 'Upsample'
  const place = textAttribute(node, 'coordinate_transformation_mode', isOld ? 'asymmetric' : 'half_pixel')
  let x: number
  if (place === 'asymmetric') x = at / scale
  else if (place === 'half_pixel') x = (at + 0.5) / scale - 0.5
  else if (place === 'pytorch_half_pixel') x = length > 1 ? (at + 0.5) / scale - 0.5 : 0
  else if (place === 'align_corners') x = length > 1 ? (at * (size - 1)) / (length - 1) : 0
  else throw unsupported(node, `coordinate_transformation_mode "${place}" is not supported`)
  const rounding = textAttribute(node, 'nearest_mode', isOld ? 'floor' : 'round_prefer_floor')
  // Coordinates are float32 in onnxruntime.
  const real = Math.fround(x)
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
