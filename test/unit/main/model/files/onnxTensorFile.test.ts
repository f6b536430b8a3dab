import { describe, expect, it } from 'vitest'
import onnxProto from 'onnx-proto'
import { decodeTensor, refuseExternal, type ExternalPlace } from '@main/model/files/onnxTensorFile'
import type { OnnxTensor } from '@core/model/onnx/onnx'

const { TensorProto } = onnxProto.onnx

/** A tensor of these fields, through the bytes of a file. */
function tensor(fields: object, external = refuseExternal): OnnxTensor {
  const written = TensorProto.encode(TensorProto.create({ name: 't', ...fields })).finish()
  return decodeTensor(TensorProto.decode(written), external)
}
const listOf = (fields: object): unknown[] => Array.from(tensor(fields).data as ArrayLike<unknown>)

describe('tensors of ONNX files', () => {
  it('hold raw bytes of every element type, little-endian', () => {
    const raw = (dataType: number, bytes: number[], count: number): unknown[] =>
      listOf({ dataType, dims: [count], rawData: Uint8Array.from(bytes) })
    expect(raw(1, [0, 0, 0xc0, 0x3f], 1)).toEqual([1.5])
    expect(raw(2, [200, 1], 2)).toEqual([200, 1])
    expect(raw(3, [200, 1], 2)).toEqual([-56, 1])
    expect(raw(4, [0xff, 0xff, 1, 0], 2)).toEqual([65535, 1])
    expect(raw(5, [0xff, 0xff, 1, 0x80], 2)).toEqual([-1, -32767])
    expect(raw(6, [0, 0, 0, 0x80], 1)).toEqual([-(2 ** 31)])
    expect(raw(7, [0xfe, ...Array<number>(7).fill(0xff)], 1)).toEqual([-2n])
    expect(raw(9, [1, 0], 2)).toEqual([1, 0])
    // binary16: 1.0 is 0x3c00, -2 is 0xc000.
    expect(raw(10, [0, 0x3c, 0, 0xc0], 2)).toEqual([1, -2])
    expect(raw(11, [0, 0, 0, 0, 0, 0, 0xf8, 0x3f], 1)).toEqual([1.5])
    // bfloat16: the upper half of a float32.
    expect(raw(16, [0xc0, 0x3f, 0x80, 0xbf], 2)).toEqual([1.5, -1])
  })

  it('hold typed lists where there are no bytes', () => {
    expect(listOf({ dataType: 1, dims: [2], floatData: [0.5, -4] })).toEqual([0.5, -4])
    expect(listOf({ dataType: 2, dims: [2], int32Data: [200, 1] })).toEqual([200, 1])
    expect(listOf({ dataType: 3, dims: [2], int32Data: [-56, 1] })).toEqual([-56, 1])
    expect(listOf({ dataType: 10, dims: [2], int32Data: [0x3c00, 0xc000] })).toEqual([1, -2])
    expect(listOf({ dataType: 16, dims: [1], int32Data: [0x3fc0] })).toEqual([1.5])
    expect(listOf({ dataType: 11, dims: [1], doubleData: [1e300] })).toEqual([1e300])
  })

  it('keep all 64 bits of whole numbers in lists', () => {
    // One list of varints: the largest number (the end of a Slice that goes to the end), 2^53 + 1 and -1.
    const varint = (value: bigint): number[] => {
      const bytes: number[] = []
      for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
        if (rest < 128n) return [...bytes, Number(rest)]
        bytes.push(Number(rest & 127n) | 128)
      }
    }
    const values = [2n ** 63n - 1n, 2n ** 53n + 1n, -1n, -(2n ** 63n), 7n]
    const packed = values.flatMap(varint)
    // dims (field 1), data_type (field 2), int64_data (field 7, packed).
    const bytes = Uint8Array.from([0x08, 5, 0x10, 7, 0x3a, packed.length, ...packed])
    expect(Array.from(decodeTensor(TensorProto.decode(bytes), refuseExternal).data as BigInt64Array)).toEqual(
      values
    )
  })

  it('say the limits of types that are widened', () => {
    expect(tensor({ dataType: 4, dims: [0] }).limits).toEqual([0, 65535])
    expect(tensor({ dataType: 5, dims: [0] }).limits).toEqual([-32768, 32767])
    expect(tensor({ dataType: 6, dims: [0] }).limits).toBeUndefined()
  })

  it('may lie in another file, from an offset on and to its end where no length is said', () => {
    const places: ExternalPlace[] = []
    const external = (_: string, place: ExternalPlace): Uint8Array => {
      places.push(place)
      return Uint8Array.of(0, 0, 0x80, 0x3f)
    }
    const entry = (key: string, value: string): object => ({ key, value })
    const one = { dataType: 1, dims: [1], dataLocation: 1 }
    const location = entry('location', 'w.bin')
    expect(tensor({ ...one, externalData: [location] }, external).data[0]).toBe(1)
    tensor({ ...one, externalData: [location, entry('offset', '64'), entry('length', '4')] }, external)
    expect(places).toEqual([
      { location: 'w.bin', offset: 0, length: null },
      { location: 'w.bin', offset: 64, length: 4 }
    ])
    for (const offset of ['-1', '1.5', '1e99'])
      expect(() => tensor({ ...one, externalData: [location, entry('offset', offset)] }, external)).toThrow(
        `has the offset "${offset}"`
      )
    expect(() => tensor({ ...one, externalData: [location] })).toThrow('"w.bin"')
  })

  it('are refused where bytes or values do not fit, and for types that are not read', () => {
    expect(() => tensor({ dataType: 1, dims: [1], rawData: new Uint8Array(6) })).toThrow(
      '6 bytes of 4-byte values'
    )
    expect(() => tensor({ dataType: 1, dims: [2, 2], floatData: [1, 2, 3] })).toThrow(
      '3 values for its shape [2, 2]'
    )
    expect(() => tensor({ dataType: 8, dims: [1] })).toThrow('element type 8')
    expect(listOf({ dataType: 1, dims: [], floatData: [3] })).toEqual([3])
  })
})
