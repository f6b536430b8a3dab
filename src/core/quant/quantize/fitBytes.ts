import type { ReconstructedLayer } from './reconstruct'

/** Numbers of the head: channels and taps. */
const headBytes = 8

/**
 * Codes, scales and biases of a layer as bytes, little-endian: uint32 channels, uint32 taps, float64 scales [channels],
 * float64 biases [channels], int8 codes [channels * taps].
 */
export function bytesOfFit({ codes, scales, bias }: ReconstructedLayer): Uint8Array<ArrayBuffer> {
  const channels = scales.length
  const bytes = new Uint8Array(headBytes + 16 * channels + codes.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, channels, true)
  view.setUint32(4, codes.length / channels, true)
  for (let c = 0; c < channels; c++) {
    view.setFloat64(headBytes + 8 * c, scales[c], true)
    view.setFloat64(headBytes + 8 * (channels + c), bias[c], true)
  }
  bytes.set(new Uint8Array(codes.buffer, codes.byteOffset, codes.length), headBytes + 16 * channels)
  return bytes
}

/** The layer of bytesOfFit; null for bytes that are none: another length, no channels, numbers that are not finite. */
export function fitOfBytes(bytes: Uint8Array): ReconstructedLayer | null {
  if (bytes.length < headBytes) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const channels = view.getUint32(0, true)
  const taps = view.getUint32(4, true)
  if (channels === 0 || taps === 0 || bytes.length !== headBytes + 16 * channels + channels * taps)
    return null
  const realsAt = (from: number): Float64Array =>
    Float64Array.from({ length: channels }, (_, c) => view.getFloat64(headBytes + 8 * (from + c), true))
  const scales = realsAt(0)
  const bias = realsAt(channels)
  if (![...scales, ...bias].every(Number.isFinite)) return null
  // Not slice: that of Node's Buffer is a view, whose memory holds more.
  const codes = new Int8Array(channels * taps)
  new Uint8Array(codes.buffer).set(bytes.subarray(headBytes + 16 * channels))
  return { codes, scales, bias }
}
