import { AppError } from '../../shared/errors'
import { beginsLikeNpy, parseNpyHeader } from '../binary/npyHeader'

/** A NumPy array of numbers in C order. */
export interface NpyArray {
  readonly shape: readonly number[]
  readonly values: Float64Array
}

type Reader = (view: DataView, at: number, littleEndian: boolean) => number

const elements: Readonly<Record<string, { readonly bytes: number; readonly read: Reader }>> = {
  f4: { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  f8: { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
  u1: { bytes: 1, read: (view, at) => view.getUint8(at) },
  b1: { bytes: 1, read: (view, at) => view.getUint8(at) },
  i1: { bytes: 1, read: (view, at) => view.getInt8(at) },
  i4: { bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  i8: { bytes: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) }
}

/**
 * Reads a whole .npy file (numpy.lib.format, versions 1 to 3) of float32, float64, uint8, int8, int32, int64 or bool.
 * @throws AppError data.invalid for other types, Fortran order and damaged files
 */
export function parseNpy(bytes: Uint8Array, name: string): NpyArray {
  if (bytes.length < 10 || !beginsLikeNpy(bytes)) throw invalid(name, 'it does not begin like a .npy file')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const begin = bytes[6] >= 2 ? 12 : 10
  const length = begin === 12 && bytes.length >= 12 ? view.getUint32(8, true) : view.getUint16(8, true)
  const header = String.fromCharCode(...bytes.subarray(begin, Math.min(begin + length, begin + 65536)))
  const { typeCode, littleEndian, fortranOrder, shape, shapeText } = parseNpyHeader(header)
  const element = typeCode !== null && Object.hasOwn(elements, typeCode) ? elements[typeCode] : undefined
  if (element === undefined || shape === null) {
    throw invalid(name, `its elements (${typeCode ?? 'unknown'}) are not numbers that are read here`)
  }
  if (fortranOrder) throw invalid(name, 'it is in Fortran order')
  const count = shape.reduce((product, size) => product * size, 1)
  const data = begin + length
  if (!Number.isSafeInteger(count) || data + count * element.bytes > bytes.length) {
    throw invalid(name, `its shape (${shapeText}) needs more data than it has`)
  }
  return {
    shape,
    values: Float64Array.from({ length: count }, (_, at) =>
      element.read(view, data + at * element.bytes, littleEndian)
    )
  }
}

function invalid(name: string, why: string): AppError {
  return new AppError(
    'data.invalid',
    `${name} cannot be read: ${why}.`,
    "Write it with numpy.save('x.npy', numpy.ascontiguousarray(x, dtype='float32'))."
  )
}
