import { intAttribute, type OnnxNode, type OnnxTensor } from '../onnx/onnx'
import { badShape, unsupported } from '../onnx/importState'
import { normalAxis } from './indexing'
import { constantOf, numbersOf, typeOf } from './numbers'
import { roundHalfEven } from './rounding'

/** Real values of integer tensors and back (ONNX operator documentation: DequantizeLinear, QuantizeLinear). */

/** (x - zero) * scale, each with one number for all or one per index of an axis. */
export function dequantized(
  node: OnnxNode,
  tensor: OnnxTensor,
  scale: OnnxTensor,
  zero: OnnxTensor | undefined,
  axis = intAttribute(node, 'axis', 1)
): OnnxTensor {
  const { scaleAt, zeroAt } = codesOf(node, tensor.dims, scale, zero, axis)
  const values = numbersOf(tensor).map((value, at) => (value - zeroAt(at)) * scaleAt(at))
  return { ...constantOf('float32', tensor.dims, values), name: tensor.name }
}

/** Smallest and largest code of the type a zero point has; uint8 where there is none. */
export function codeLimits(zero: OnnxTensor | undefined): readonly [low: number, high: number] {
  if (zero === undefined) return [0, 255]
  if (zero.limits !== undefined) return zero.limits
  const type = typeOf(zero.data)
  if (type === 'int8') return [-128, 127]
  return type === 'uint8' ? [0, 255] : [-32768, 65535]
}

/** Smallest and largest number of the integers of 8 and 16 bits, by ONNX element type: uint8, int8, uint16, int16. */
export const narrowTypes: Readonly<Record<number, readonly [low: number, high: number]>> = {
  2: [0, 255],
  3: [-128, 127],
  4: [0, 65_535],
  5: [-32_768, 32_767]
}

/** Of types that QuantizeLinear names in place of a zero point (opset 21): uint4 and int4 too. */
const typeLimits: typeof narrowTypes = {
  ...narrowTypes,
  21: [0, 15],
  22: [-8, 7]
}

/**
 * Smallest and largest code that a QuantizeLinear writes: of its zero point's type, or of `output_dtype`.
 * @throws AppError model.unsupportedOperator for types that are no integers: float8, float4
 */
export function writtenLimits(node: OnnxNode, zero: OnnxTensor | undefined): readonly [number, number] {
  if (zero !== undefined) return codeLimits(zero)
  const type = intAttribute(node, 'output_dtype', 0)
  if (type !== 0 && typeLimits[type] === undefined)
    throw unsupported(
      node,
      `codes of ONNX element type ${type} are not supported`,
      'Quantize to int8 or uint8 and export again.'
    )
  return typeLimits[type] ?? [0, 255]
}

/** Codes of real values. */
export function quantized(
  node: OnnxNode,
  tensor: OnnxTensor,
  scale: OnnxTensor,
  zero: OnnxTensor | undefined
): OnnxTensor {
  const { scaleAt, zeroAt } = codesOf(node, tensor.dims, scale, zero, intAttribute(node, 'axis', 1))
  const [low, high] = writtenLimits(node, zero)
  const values = numbersOf(tensor).map((value, at) =>
    Math.min(high, Math.max(low, roundHalfEven(value / scaleAt(at)) + zeroAt(at)))
  )
  const own = high > 255 || low < -128 ? 'int32' : low < 0 ? 'int8' : 'uint8'
  return constantOf(zero === undefined ? own : typeOf(zero.data), tensor.dims, values)
}

type NumberAt = (at: number) => number

/** Scale and zero point of every element of a tensor. */
function codesOf(
  node: OnnxNode,
  dims: readonly number[],
  scale: OnnxTensor,
  zero: OnnxTensor | undefined,
  axis: number
): { scaleAt: NumberAt; zeroAt: NumberAt } {
  const along = (tensor: OnnxTensor, what: string): NumberAt =>
    perAxis(node, dims, numbersOf(tensor), axis, what)
  return {
    scaleAt: along(scale, 'scales'),
    zeroAt: zero === undefined ? () => 0 : along(zero, 'zero points')
  }
}

function perAxis(
  node: OnnxNode,
  dims: readonly number[],
  numbers: Float64Array,
  given: number,
  what: string
): NumberAt {
  const count = numbers.length
  if (count === 1) return () => numbers[0]
  const axis = normalAxis(given, dims.length)
  if (axis === null || dims[axis] !== count)
    throw badShape(node, `${count} ${what} do not fit axis ${given} of [${dims.join(', ')}]`)
  const inner = dims.slice(axis + 1).reduce((product, size) => product * size, 1)
  return (at) => numbers[Math.floor(at / inner) % count]
}
