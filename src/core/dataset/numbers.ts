import type { ItemValues } from './item'

/** Number types a file may hold; what our element types cannot hold exactly becomes float32. */
export type NumberType =
  'u8' | 'i8' | 'i16' | 'u16' | 'i32' | 'u32' | 'i64' | 'u64' | 'f16' | 'f32' | 'f64' | 'bool'

/** Bytes of one number of a type. */
export function numberBytes(type: NumberType): number {
  if (type === 'u8' || type === 'i8' || type === 'bool') return 1
  if (type === 'i16' || type === 'u16' || type === 'f16') return 2
  return type === 'i32' || type === 'u32' || type === 'f32' ? 4 : 8
}

/** Reads numbers of a type: bytes stay bytes, everything else becomes float32. The result owns its memory. */
export function readNumbers(bytes: Uint8Array, type: NumberType, littleEndian: boolean): ItemValues {
  if (type === 'u8' || type === 'bool') return new Uint8Array(bytes)
  if (type === 'i8') return new Int8Array(new Uint8Array(bytes).buffer)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const size = numberBytes(type)
  const values = new Float32Array(Math.floor(bytes.length / size))
  for (let at = 0; at < values.length; at++) values[at] = readNumber(view, at * size, type, littleEndian)
  return values
}

function readNumber(view: DataView, at: number, type: NumberType, little: boolean): number {
  switch (type) {
    case 'i16':
      return view.getInt16(at, little)
    case 'u16':
      return view.getUint16(at, little)
    case 'i32':
      return view.getInt32(at, little)
    case 'u32':
      return view.getUint32(at, little)
    case 'i64':
      return Number(view.getBigInt64(at, little))
    case 'u64':
      return Number(view.getBigUint64(at, little))
    case 'f16':
      return halfToNumber(view.getUint16(at, little))
    case 'f64':
      return view.getFloat64(at, little)
    case 'f32':
      return view.getFloat32(at, little)
    default:
      return view.getUint8(at)
  }
}

/** IEEE 754 binary16. */
export function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 31
  const fraction = half & 1023
  if (exponent === 0) return sign * 2 ** -24 * fraction
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024)
}

/** True when every value is a finite number. */
export function allFinite(values: ItemValues): boolean {
  if (!(values instanceof Float32Array)) return true
  return values.every((value) => Number.isFinite(value))
}
