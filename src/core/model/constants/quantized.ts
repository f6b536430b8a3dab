import { intAttribute, type OnnxNode, type OnnxTensor } from '../onnx'
import { badShape } from '../importState'
import { normalAxis } from './indexing'
import { constantOf, numbersOf, typeOf } from './numbers'
import { roundHalfEven } from './rounding'

/** Real values of integer tensors and back (ONNX operator documentation: DequantizeLinear, QuantizeLinear). */

/** (x - zero) * scale, with one scale for all or one per index of an axis. */
export function dequantized(
  node: OnnxNode,
  tensor: OnnxTensor,
  scale: OnnxTensor,
  zero: OnnxTensor | undefined,
  axis = intAttribute(node, 'axis', 1)
): OnnxTensor {
  const pick = perAxis(node, tensor.dims, scale, axis)
  const [scales, zeros] = [numbersOf(scale), zero === undefined ? null : numbersOf(zero)]
  const values = numbersOf(tensor).map((value, at) => {
    const index = pick(at)
    return (value - (zeros?.[zeros.length === 1 ? 0 : index] ?? 0)) * scales[index]
  })
  return { ...constantOf('float32', tensor.dims, values), name: tensor.name }
}

/** Smallest and largest code of the type a zero point has; uint8 where there is none. */
export function codeLimits(zero: OnnxTensor | undefined): readonly [low: number, high: number] {
  if (zero === undefined) return [0, 255]
  const type = typeOf(zero.data)
  if (type === 'int8') return [-128, 127]
  return type === 'uint8' ? [0, 255] : [-32768, 65535]
}

/** Codes of real values. */
export function quantized(
  node: OnnxNode,
  tensor: OnnxTensor,
  scale: OnnxTensor,
  zero: OnnxTensor | undefined
): OnnxTensor {
  const pick = perAxis(node, tensor.dims, scale, intAttribute(node, 'axis', 1))
  const [scales, zeros] = [numbersOf(scale), zero === undefined ? null : numbersOf(zero)]
  const [low, high] = codeLimits(zero)
  const values = numbersOf(tensor).map((value, at) => {
    const index = pick(at)
    const code = roundHalfEven(value / scales[index]) + (zeros?.[zeros.length === 1 ? 0 : index] ?? 0)
    return Math.min(high, Math.max(low, code))
  })
  return constantOf(zero === undefined ? 'uint8' : typeOf(zero.data), tensor.dims, values)
}

function perAxis(
  node: OnnxNode,
  dims: readonly number[],
  scale: OnnxTensor,
  given: number
): (at: number) => number {
  const count = scale.data.length
  if (count === 1) return () => 0
  const axis = normalAxis(given, dims.length)
  if (axis === null || dims[axis] !== count)
    throw badShape(node, `${count} scales do not fit axis ${given} of [${dims.join(', ')}]`)
  const inner = dims.slice(axis + 1).reduce((product, size) => product * size, 1)
  return (at) => Math.floor(at / inner) % count
}
