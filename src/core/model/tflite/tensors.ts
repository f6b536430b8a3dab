import { floatOfHalf } from '../../binary/half'
import { AppError } from '../../../shared/errors'
import { sizeOf } from '../graph'
import type { OnnxData, OnnxTensor } from '../onnx/onnx'
import type { TfliteTensor } from './tflite'

/** Constants of a TFLite file as ONNX tensors. */

/** Elements as they are stored: floats (half precision widened), codes, integers. @throws AppError model.invalid, model.unsupportedOperator */
export function storedTensor(tensor: TfliteTensor, name: string): OnnxTensor {
  const { data, type, dims } = tensor
  const count = sizeOf(dims)
  if (tensor.isSparse) throw refused(tensor, 'is stored sparsely', 'Convert the network without sparsity.')
  const bytes = data ?? new Uint8Array(0)
  const read = readers[type]
  if (read === undefined)
    throw refused(tensor, `has elements of type ${type}`, 'Convert the network with float32 or int8 tensors.')
  const width = type === 'int4' ? 0.5 : read.width
  if (bytes.length < Math.ceil(count * width)) {
    throw new AppError(
      'model.invalid',
      `The tensor "${tensor.name}" of [${dims.join(', ')}] has ${bytes.length} bytes, not ${Math.ceil(count * width)}.`,
      'Check that the file was copied whole, or convert the network again.'
    )
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const stored = read.make(count)
  for (let at = 0; at < count; at++) stored[at] = read.at(view, at)
  return { name, dims, data: stored, ...(type === 'int4' ? { bits: 4 } : {}) }
}

interface Reader {
  /** Bytes of an element. */
  readonly width: number
  make(count: number): OnnxData
  at(view: DataView, index: number): number | bigint
}

const readers: Readonly<Partial<Record<string, Reader>>> = {
  float32: { width: 4, make: (n) => new Float32Array(n), at: (view, i) => view.getFloat32(4 * i, true) },
  float64: { width: 8, make: (n) => new Float32Array(n), at: (view, i) => view.getFloat64(8 * i, true) },
  float16: {
    width: 2,
    make: (n) => new Float32Array(n),
    at: (view, i) => floatOfHalf(view.getUint16(2 * i, true))
  },
  int8: { width: 1, make: (n) => new Int8Array(n), at: (view, i) => view.getInt8(i) },
  uint8: { width: 1, make: (n) => new Uint8Array(n), at: (view, i) => view.getUint8(i) },
  bool: { width: 1, make: (n) => new Uint8Array(n), at: (view, i) => view.getUint8(i) },
  int16: { width: 2, make: (n) => new Int32Array(n), at: (view, i) => view.getInt16(2 * i, true) },
  int32: { width: 4, make: (n) => new Int32Array(n), at: (view, i) => view.getInt32(4 * i, true) },
  int64: { width: 8, make: (n) => new BigInt64Array(n), at: (view, i) => view.getBigInt64(8 * i, true) },
  // Two codes a byte, the first in the low half.
  int4: {
    width: 1,
    make: (n) => new Int8Array(n),
    at: (view, i) => {
      const nibble = (view.getUint8(i >> 1) >> (4 * (i % 2))) & 15
      return nibble > 7 ? nibble - 16 : nibble
    }
  }
}

function refused(tensor: TfliteTensor, what: string, hint: string): AppError {
  return new AppError('model.unsupportedOperator', `The tensor "${tensor.name}" ${what}.`, hint, {
    details: { node: tensor.name, operator: '' }
  })
}
