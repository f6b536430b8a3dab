import { describe, expect, it } from 'vitest'
import { bytesOfFit, fitOfBytes } from '@core/quant/quantize/fitBytes'

const fit = {
  codes: Int8Array.of(-128, 127, 0, -1, 5, 6),
  scales: Float64Array.of(0.5, 2),
  bias: Float64Array.of(-1, 0)
}
/** Written out by hand: 2 channels, 3 taps, scales 0.5 and 2, biases -1 and 0 (IEEE 754), codes. */
const bytes = Uint8Array.of(
  ...[2, 0, 0, 0, 3, 0, 0, 0],
  ...[0, 0, 0, 0, 0, 0, 0xe0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0x40],
  ...[0, 0, 0, 0, 0, 0, 0xf0, 0xbf, 0, 0, 0, 0, 0, 0, 0, 0],
  ...[0x80, 0x7f, 0, 0xff, 5, 6]
)

describe('a fitted layer as bytes', () => {
  it('is its head, scales, biases and codes, little-endian', () => {
    expect(bytesOfFit(fit)).toEqual(bytes)
    expect(fitOfBytes(bytes)).toEqual(fit)
  })

  it('comes out of the middle of a larger buffer, of Node too', () => {
    const around = new Uint8Array(bytes.length + 10)
    around.set(bytes, 3)
    expect(fitOfBytes(around.subarray(3, 3 + bytes.length))).toEqual(fit)
    const pooled = Buffer.concat([Buffer.from([9, 9, 9]), bytes, Buffer.from([9])]).subarray(
      3,
      3 + bytes.length
    )
    const found = fitOfBytes(pooled)!
    expect(found).toEqual(fit)
    // onnxruntime reads the whole memory of an array.
    expect(found.codes.buffer.byteLength).toBe(6)
  })

  it('is none of another length, without channels, or with a number that is not finite', () => {
    expect(fitOfBytes(bytes.subarray(0, 7))).toBeNull()
    expect(fitOfBytes(bytes.subarray(0, bytes.length - 1))).toBeNull()
    expect(fitOfBytes(Uint8Array.of(...bytes, 0))).toBeNull()
    expect(fitOfBytes(new Uint8Array(8))).toBeNull()
    expect(fitOfBytes(bytesOfFit({ ...fit, scales: Float64Array.of(0.5, NaN) }))).toBeNull()
    expect(fitOfBytes(bytesOfFit({ ...fit, bias: Float64Array.of(Infinity, 0) }))).toBeNull()
  })
})
