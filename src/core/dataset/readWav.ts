import { invalidData } from './byteStream'

/** Sound of one channel, -1..1. */
export interface Sound {
  readonly rateHz: number
  readonly samples: Float32Array
}

/** Whether a file that begins with `head` is a WAV sound. */
export function isWav(head: Uint8Array): boolean {
  return ascii(head, 0) === 'RIFF' && ascii(head, 8) === 'WAVE'
}

/**
 * RIFF WAVE: PCM of 8, 16, 24 and 32 bits and 32-bit float; several channels are averaged.
 * @throws AppError data.invalid
 */
export function readWav(bytes: Uint8Array, file: string): Sound {
  if (bytes.length < 12 || !isWav(bytes)) throw invalidData(file, 'it is not a WAV file')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let format: { code: number; channels: number; rateHz: number; bits: number } | null = null
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true)
    const body = at + 8
    const chunk = ascii(bytes, at)
    if (chunk === 'fmt ' && length >= 16 && body + 16 <= bytes.length) {
      const code = view.getUint16(body, true)
      // Extensible format: the code stands in the sub-format's first two bytes.
      const isExtensible = code === 0xfffe && length >= 26 && body + 26 <= bytes.length
      format = {
        code: isExtensible ? view.getUint16(body + 24, true) : code,
        channels: view.getUint16(body + 2, true),
        rateHz: view.getUint32(body + 4, true),
        bits: view.getUint16(body + 14, true)
      }
    }
    if (chunk === 'data') {
      if (format === null) throw invalidData(file, 'its data comes before its format')
      if (body + length > bytes.length) throw invalidData(file, 'it ends within its samples')
      return { rateHz: format.rateHz, samples: mixed(view, body, length, format, file) }
    }
    at = body + length + (length & 1)
  }
  throw invalidData(file, 'it holds no samples')
}

function mixed(
  view: DataView,
  from: number,
  length: number,
  format: { code: number; channels: number; bits: number; rateHz: number },
  file: string
): Float32Array {
  const { code, channels, bits } = format
  const isFloat = code === 3 && bits === 32
  if (!isFloat && !(code === 1 && [8, 16, 24, 32].includes(bits))) {
    throw invalidData(file, `WAV of format ${code} with ${bits} bits is not read`, 'Save it as 16-bit PCM.')
  }
  if (channels < 1 || format.rateHz < 1) throw invalidData(file, 'its format is damaged')
  const step = bits >> 3
  const samples = new Float32Array(Math.floor(length / (step * channels)))
  for (let at = 0; at < samples.length; at++) {
    let sum = 0
    for (let channel = 0; channel < channels; channel++) {
      sum += sampleAt(view, from + (at * channels + channel) * step, bits, isFloat)
    }
    samples[at] = sum / channels
  }
  return samples
}

function sampleAt(view: DataView, at: number, bits: number, isFloat: boolean): number {
  if (isFloat) return view.getFloat32(at, true)
  if (bits === 8) return (view.getUint8(at) - 128) / 128
  if (bits === 16) return view.getInt16(at, true) / 32_768
  if (bits === 24) return ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 8_388_608
  return view.getInt32(at, true) / 2_147_483_648
}

function ascii(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4))
}
