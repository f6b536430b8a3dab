import type { OnnxData, OnnxTensor } from '../onnx/onnx'

/** Tensors known at import as plain numbers, and numbers back as the element types of ONNX. */
export type ConstantType = 'float32' | 'float64' | 'int64' | 'int32' | 'uint8' | 'int8'

/** Most elements of a tensor worked out at import: 256 MiB of float32. */
export const maxElements = 2 ** 26

/** Element type of a constant's data. */
export function typeOf(data: OnnxData): ConstantType {
  if (data instanceof Float32Array) return 'float32'
  if (data instanceof Float64Array) return 'float64'
  if (data instanceof BigInt64Array) return 'int64'
  if (data instanceof Int32Array) return 'int32'
  return data instanceof Int8Array ? 'int8' : 'uint8'
}

/** Whether a type holds floating-point numbers. */
export function isFloatType(type: ConstantType): boolean {
  return type === 'float32' || type === 'float64'
}

/** Values of a constant as numbers; int64 beyond 2^53 loses its last bits. */
export function numbersOf(tensor: OnnxTensor): Float64Array {
  const { data } = tensor
  // Constructors copy a typed array at once; `from` with a function takes a hundred times as long.
  return data instanceof BigInt64Array ? Float64Array.from(data, Number) : new Float64Array(data)
}

/** Values as the element type holds them: floats rounded, integers cut towards zero and wrapped. */
export function dataOf(type: ConstantType, values: ArrayLike<number>): OnnxData {
  switch (type) {
    case 'float32':
      return new Float32Array(values)
    case 'float64':
      return new Float64Array(values)
    case 'int64':
      return BigInt64Array.from(Array.from(values, toBigInt))
    case 'int32':
      return new Int32Array(values)
    case 'uint8':
      return new Uint8Array(values)
    case 'int8':
      return new Int8Array(values)
  }
}

/** Returns a constant of a type and shape. */
export function constantOf(
  type: ConstantType,
  dims: readonly number[],
  values: ArrayLike<number>
): OnnxTensor {
  return { name: '', dims, data: dataOf(type, values) }
}

/** Elements picked from a tensor; -1 takes `fill`. */
export function gathered(tensor: OnnxTensor, dims: readonly number[], map: Int32Array, fill = 0): OnnxTensor {
  const source = tensor.data
  const data = dataOf(typeOf(source), new Float64Array(map.length).fill(fill))
  for (let at = 0; at < map.length; at++) if (map[at] >= 0) data[at] = source[map[at]]
  return { name: tensor.name, dims, data }
}

function toBigInt(value: number): bigint {
  if (Number.isNaN(value)) return 0n
  const limit = 2n ** 63n - 1n
  if (value >= 2 ** 63) return limit
  if (value <= -(2 ** 63)) return -limit - 1n
  return BigInt(Math.trunc(value))
}
