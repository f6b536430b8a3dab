import { floatOfHalf } from '../../../core/binary/half'
import type onnxProto from 'onnx-proto'
import { AppError } from '../../../shared/errors'
import type { HalfType, OnnxData, OnnxTensor } from '../../../core/model/onnx/onnx'

/** Tensors of an .onnx file (TensorProto of onnx.proto3) as typed arrays; half precision and bfloat16 widen to float32. */
type TensorProto = ReturnType<typeof onnxProto.onnx.TensorProto.create>

/** Where a tensor's bytes lie when they are not in the .onnx file: a path relative to it, and a range. */
export interface ExternalPlace {
  readonly location: string
  readonly offset: number
  /** Bytes; null: to the end of the file. */
  readonly length: number | null
}

/** Reads a tensor that lies in a file beside the model. */
export type ExternalData = (tensor: string, place: ExternalPlace) => Uint8Array

/** For files that are read alone. @throws model.invalid naming the tensor and its file */
export const refuseExternal: ExternalData = (tensor, { location }) => {
  throw notOnnx(`Tensor "${tensor}" is kept in another file ("${location}"), which is not at hand.`)
}

interface ElementReader {
  /** Bytes of one element. */
  readonly width: number
  /** `bytes` is aligned and a copy. */
  fromBytes(bytes: Uint8Array): OnnxData
  /** From the typed lists of the message, used where there are no raw bytes. */
  fromLists(tensor: TensorProto): OnnxData
}

const int32List = (tensor: TensorProto): number[] => tensor.int32Data ?? []

const elementReaders: Readonly<Record<number, ElementReader>> = {
  1: {
    width: 4,
    fromBytes: ({ buffer }) => new Float32Array(buffer as ArrayBuffer),
    fromLists: (tensor) => Float32Array.from(tensor.floatData ?? [])
  },
  2: { width: 1, fromBytes: (bytes) => bytes, fromLists: (tensor) => Uint8Array.from(int32List(tensor)) },
  3: {
    width: 1,
    fromBytes: ({ buffer }) => new Int8Array(buffer as ArrayBuffer),
    fromLists: (tensor) => Int8Array.from(int32List(tensor))
  },
  4: {
    width: 2,
    fromBytes: ({ buffer }) => Int32Array.from(new Uint16Array(buffer as ArrayBuffer)),
    fromLists: (tensor) => Int32Array.from(int32List(tensor))
  },
  5: {
    width: 2,
    fromBytes: ({ buffer }) => Int32Array.from(new Int16Array(buffer as ArrayBuffer)),
    fromLists: (tensor) => Int32Array.from(int32List(tensor))
  },
  6: {
    width: 4,
    fromBytes: ({ buffer }) => new Int32Array(buffer as ArrayBuffer),
    fromLists: (tensor) => Int32Array.from(int32List(tensor))
  },
  7: {
    width: 8,
    fromBytes: ({ buffer }) => new BigInt64Array(buffer as ArrayBuffer),
    fromLists: (tensor) => BigInt64Array.from((tensor.int64Data ?? []).map(wholeOf))
  },
  9: { width: 1, fromBytes: (bytes) => bytes, fromLists: (tensor) => Uint8Array.from(int32List(tensor)) },
  10: {
    width: 2,
    fromBytes: ({ buffer }) => Float32Array.from(new Uint16Array(buffer as ArrayBuffer), floatOfHalf),
    fromLists: (tensor) => Float32Array.from(int32List(tensor), floatOfHalf)
  },
  11: {
    width: 8,
    fromBytes: ({ buffer }) => new Float64Array(buffer as ArrayBuffer),
    fromLists: (tensor) => Float64Array.from(tensor.doubleData ?? [])
  },
  16: {
    width: 2,
    fromBytes: ({ buffer }) => floatsOfBrain(new Uint16Array(buffer as ArrayBuffer)),
    fromLists: (tensor) => floatsOfBrain(Uint16Array.from(int32List(tensor)))
  }
}

/**
 * Decodes a tensor; `external` returns data kept beside the file.
 *
 * @throws AppError model.invalid when the data does not fit the shape; model.unsupportedOperator for unknown element types.
 */
export function decodeTensor(tensor: TensorProto, external: ExternalData): OnnxTensor {
  const name = tensor.name ?? ''
  const dims = (tensor.dims ?? []).map(numberOf)
  const count = dims.reduce((product, size) => product * size, 1)
  const reader = elementReaders[tensor.dataType ?? 0]
  if (reader === undefined) {
    throw new AppError(
      'model.unsupportedOperator',
      `Tensor "${name}" has element type ${tensor.dataType ?? 0}, which is not read.`,
      'Export the network in float32 or float16.'
    )
  }
  const data = decodeData(tensor, name, reader, external)
  if (data.length !== count) {
    throw notOnnx(`Tensor "${name}" has ${data.length} values for its shape [${dims.join(', ')}].`)
  }
  const limits = narrowLimits[tensor.dataType ?? 0]
  const half = halfTypes[tensor.dataType ?? 0]
  return {
    ...{ name, dims, data },
    ...(half === undefined ? {} : { half }),
    ...(limits === undefined ? {} : { limits })
  }
}

/** Types that are widened to float32, by their numbers. */
const halfTypes: Readonly<Record<number, HalfType>> = { 10: 'float16', 16: 'bfloat16' }

type SparseProto = ReturnType<typeof onnxProto.onnx.SparseTensorProto.create>

/** Most elements of a tensor stored sparsely: 256 MiB of float32. */
const maxSparseElements = 2 ** 26

/**
 * Decodes a tensor stored sparsely (values, and where they stand: places counted in row-major order, or one index per axis) with its
 * zeros.
 * @throws AppError as decodeTensor
 */
export function decodeSparse(sparse: SparseProto, external: ExternalData): OnnxTensor {
  const values = decodeTensor((sparse.values ?? {}) as TensorProto, external)
  const { name } = values
  const dims = (sparse.dims ?? []).map(numberOf)
  const count = dims.reduce((product, size) => product * size, 1)
  const indices = decodeTensor((sparse.indices ?? {}) as TensorProto, external)
  const given = Array.from(indices.data as ArrayLike<number | bigint>, Number)
  const perValue = indices.dims.length === 2 ? dims.length : 1
  const stored = values.data.length
  if (!(count >= 0 && count <= maxSparseElements) || given.length !== stored * perValue)
    throw notOnnx(
      `The sparse tensor "${name}" of [${dims.join(', ')}] has ${stored} values and ${given.length} indices.`
    )
  const data = new (values.data.constructor as new (length: number) => OnnxData)(count)
  for (let at = 0; at < stored; at++) {
    const own = given.slice(at * perValue, (at + 1) * perValue)
    const place = perValue === 1 ? own[0] : own.reduce((sum, index, axis) => sum * dims[axis] + index, 0)
    // An index beyond its axis would name another place, and a value stand where it does not belong.
    const isInside = perValue === 1 || own.every((index, axis) => index >= 0 && index < dims[axis])
    if (!isInside || !(place >= 0 && place < count))
      throw notOnnx(`The sparse tensor "${name}" has a value at ${own.join(', ')}.`)
    data[place] = values.data[at]
  }
  return { ...values, dims, data }
}

/** Smallest and largest number of the element types that are widened to int32. */
const narrowLimits: Readonly<Record<number, readonly [number, number]>> = {
  4: [0, 65_535],
  5: [-32_768, 32_767]
}

function decodeData(
  tensor: TensorProto,
  name: string,
  reader: ElementReader,
  external: ExternalData
): OnnxData {
  const isExternal = (tensor.externalData ?? []).length > 0 || (tensor.dataLocation as number) === 1
  const raw = isExternal ? external(name, placeOf(tensor, name)) : tensor.rawData
  if (raw === undefined || raw === null || raw.length === 0) return reader.fromLists(tensor)
  if (raw.length % reader.width !== 0) {
    throw notOnnx(`Tensor "${name}" has ${raw.length} bytes of ${reader.width}-byte values.`)
  }
  // A copy: raw bytes sit at any offset of the file, typed arrays want alignment.
  return reader.fromBytes(new Uint8Array(raw))
}

function placeOf(tensor: TensorProto, name: string): ExternalPlace {
  const entries = new Map((tensor.externalData ?? []).map(({ key, value }) => [key ?? '', value ?? '']))
  const numberAt = (key: string): number | null => {
    const text = entries.get(key)
    if (text === undefined) return null
    const value = Number(text)
    if (!Number.isSafeInteger(value) || value < 0)
      throw notOnnx(`Tensor "${name}" has the ${key} "${text}" in another file.`)
    return value
  }
  return {
    location: entries.get('location') ?? '',
    offset: numberAt('offset') ?? 0,
    length: numberAt('length')
  }
}

/** bfloat16 is the upper half of a float32. */
function floatsOfBrain(halves: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(halves, (half) => half * 65536).buffer)
}

/** int64 fields come as numbers or as Long objects, whichever protobufjs finds installed. */
export function numberOf(value: unknown): number {
  if (typeof value === 'number') return value
  const long = value as { toNumber?: () => number } | null | undefined
  return long?.toNumber?.() ?? 0
}

/** All 64 bits of an int64 field: the end of a Slice may be 2^63 - 1, which no double is. */
function wholeOf(value: unknown): bigint {
  return typeof value === 'number' ? BigInt(value) : BigInt(String(value))
}

/** Returns the error for a file that is no valid ONNX model. */
export function notOnnx(message: string, cause?: unknown): AppError {
  return new AppError(
    'model.invalid',
    message,
    'Choose an .onnx or .tflite file; an ONNX checker reports what is wrong with the former.',
    { cause }
  )
}
