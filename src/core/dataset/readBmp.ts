import { invalidData } from './byteStream'

/** A decoded picture: bytes in rows of pixels of channels. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
  readonly pixels: Uint8Array
}

/** Widest and highest picture that is decoded. */
const maxSide = 16_384

/** Whether a file that begins with `head` is a BMP picture. */
export function isBmp(head: Uint8Array): boolean {
  return head[0] === 0x42 && head[1] === 0x4d
}

/**
 * Uncompressed Windows bitmaps of 1, 4, 8 (palette), 24 and 32 bits, rows bottom-up or top-down (BITMAPINFOHEADER and
 * later headers), 32 bits also with masks that name whole bytes. Gives RGB. @throws AppError data.invalid
 */
export function readBmp(bytes: Uint8Array, file: string): Picture {
  if (bytes.length < 54 || !isBmp(bytes)) throw invalidData(file, 'it is not a whole BMP file')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const dataOffset = view.getUint32(10, true)
  const headerBytes = view.getUint32(14, true)
  const width = view.getInt32(18, true)
  const signedHeight = view.getInt32(22, true)
  const height = Math.abs(signedHeight)
  const bits = view.getUint16(28, true)
  const compression = view.getUint32(30, true)
  const isMasked = compression === 3 && bits === 32
  if (headerBytes < 40 || ![1, 4, 8, 24, 32].includes(bits) || (compression !== 0 && !isMasked)) {
    throw invalidData(
      file,
      `BMP with ${bits} bits and compression ${compression} is not read`,
      'Save it as PNG.'
    )
  }
  if (width < 1 || height < 1 || width > maxSide || height > maxSide) {
    throw invalidData(file, `it claims ${width} x ${height} pixels`)
  }
  const rowBytes = 4 * Math.ceil((width * bits) / 32)
  if (dataOffset + rowBytes * height > bytes.length) throw invalidData(file, 'it ends within its pixels')
  const palette = 14 + headerBytes
  const order = isMasked ? maskedOrder(view, file) : usualOrder
  const pixels = new Uint8Array(3 * width * height)
  for (let y = 0; y < height; y++) {
    const row = dataOffset + rowBytes * (signedHeight < 0 ? y : height - 1 - y)
    for (let x = 0; x < width; x++) {
      const from = bits >= 24 ? row + x * (bits >> 3) : palette + 4 * paletteIndex(bytes, row, x, bits)
      if (bits < 24 && from + 4 > dataOffset)
        throw invalidData(file, 'a pixel names a colour that is not there')
      for (let channel = 0; channel < 3; channel++)
        pixels[3 * (y * width + x) + channel] = bytes[from + order[channel]]
    }
  }
  return { width, height, channels: 3, pixels }
}

/** Bytes of red, green and blue within a pixel or a colour of a palette. */
const usualOrder = [2, 1, 0]

/** The same where three masks behind the header of 40 bytes say it. @throws AppError data.invalid */
function maskedOrder(view: DataView, file: string): number[] {
  return [54, 58, 62].map((at) => {
    const mask = at + 4 <= view.byteLength ? view.getUint32(at, true) : 0
    const byte = [0xff, 0xff00, 0xff0000, 0xff000000].indexOf(mask)
    if (byte < 0) throw invalidData(file, 'its colours are no whole bytes of a pixel', 'Save it as PNG.')
    return byte
  })
}

function paletteIndex(bytes: Uint8Array, row: number, x: number, bits: number): number {
  const perByte = 8 / bits
  const byte = bytes[row + Math.floor(x / perByte)]
  return (byte >> (8 - bits * (1 + (x % perByte)))) & (2 ** bits - 1)
}
