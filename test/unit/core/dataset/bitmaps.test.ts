import { describe, expect, it } from 'vitest'
import { isBmp, readBmp } from '@core/dataset/readBmp'

/** A bitmap with a 40-byte header: rows as they stand in the file, each filled up to four bytes. */
function bmp(of: {
  width: number
  height: number
  bits: number
  rows: number[][]
  palette?: number[][]
  compression?: number
  /** Of red, green and blue, behind the header. */
  masks?: number[]
}): Uint8Array {
  const { width, height, bits, rows, palette = [], compression = 0, masks = [] } = of
  const offset = 54 + 4 * (palette.length + masks.length)
  const rowBytes = Math.ceil(rows[0]!.length / 4) * 4
  const bytes = new Uint8Array(offset + rowBytes * rows.length)
  const view = new DataView(bytes.buffer)
  bytes.set([0x42, 0x4d])
  view.setUint32(10, offset, true)
  view.setUint32(14, 40, true)
  view.setInt32(18, width, true)
  view.setInt32(22, height, true)
  view.setUint16(28, bits, true)
  view.setUint32(30, compression, true)
  masks.forEach((mask, at) => view.setUint32(54 + 4 * at, mask, true))
  palette.forEach((colour, at) => bytes.set(colour, 54 + 4 * at))
  rows.forEach((row, at) => bytes.set(row, offset + rowBytes * at))
  return bytes
}
const pixels = (...of: Parameters<typeof bmp>): number[] => [...readBmp(bmp(...of), 'f.bmp').pixels]
/** Blue, green, red, unused; what a reader gives is red, green, blue. */
const blue = [200, 10, 20, 0]
const red = [1, 2, 255, 0]
const grey = [7, 7, 7, 0]

describe('a Windows bitmap', () => {
  it('of 24 bits has its last row first, or its first where the height is negative', () => {
    const upper = [...blue.slice(0, 3), ...red.slice(0, 3)]
    const lower = [...grey.slice(0, 3), ...grey.slice(0, 3)]
    const shown = [20, 10, 200, 255, 2, 1, 7, 7, 7, 7, 7, 7]
    expect(pixels({ width: 2, height: 2, bits: 24, rows: [lower, upper] })).toEqual(shown)
    expect(pixels({ width: 2, height: -2, bits: 24, rows: [upper, lower] })).toEqual(shown)
    const picture = readBmp(bmp({ width: 2, height: -2, bits: 24, rows: [upper, lower] }), 'f.bmp')
    expect([picture.width, picture.height, picture.channels]).toEqual([2, 2, 3])
  })

  it('of 32 bits leaves its fourth byte out; masks say which bytes its colours are', () => {
    const rows = [[...blue.slice(0, 3), 255, ...red.slice(0, 3), 128]]
    expect(pixels({ width: 2, height: 1, bits: 32, rows })).toEqual([20, 10, 200, 255, 2, 1])
    const masked = { width: 2, height: 1, bits: 32, rows, compression: 3 }
    expect(pixels({ ...masked, masks: [0xff0000, 0xff00, 0xff] })).toEqual([20, 10, 200, 255, 2, 1])
    // Red in the first byte, or the colours behind the transparency.
    expect(pixels({ ...masked, masks: [0xff, 0xff00, 0xff0000] })).toEqual([200, 10, 20, 1, 2, 255])
    expect(pixels({ ...masked, masks: [0xff000000, 0xff0000, 0xff00] })).toEqual([255, 20, 10, 128, 255, 2])
    expect(() => readBmp(bmp({ ...masked, masks: [0x3ff00000, 0xffc00, 0x3ff] }), 'f')).toThrow(
      'no whole bytes'
    )
    expect(() => readBmp(bmp(masked), 'f')).toThrow('no whole bytes')
    expect(() => readBmp(bmp({ width: 2, height: 1, bits: 24, rows, compression: 3 }), 'f')).toThrow(
      '24 bits and compression 3'
    )
    expect(() => readBmp(bmp({ width: 2, height: 1, bits: 8, rows, compression: 1 }), 'f')).toThrow(
      '8 bits and compression 1'
    )
  })

  it('of 8, 4 and 1 bits names its colours, the first pixel in the highest bits', () => {
    const palette = [blue, red, grey]
    const [b, r, g] = [
      [20, 10, 200],
      [255, 2, 1],
      [7, 7, 7]
    ] as const
    const eight = { width: 3, height: 1, bits: 8, palette, rows: [[2, 0, 1]] }
    expect(pixels(eight)).toEqual([...g, ...b, ...r])
    expect(pixels({ width: 3, height: 1, bits: 4, palette, rows: [[0x12, 0x0f]] })).toEqual([
      ...r,
      ...g,
      ...b
    ])
    // 1011 0001 | 1...: nine pixels.
    const one = { width: 9, height: 1, bits: 1, palette: [blue, red], rows: [[0xb1, 0x80]] }
    expect(pixels(one)).toEqual([r, b, r, r, b, b, b, r, r].flat())
  })

  it('whose pixel names a colour behind its palette is refused', () => {
    const few = { width: 3, height: 1, bits: 8, palette: [blue, red], rows: [[0, 1, 2]] }
    expect(() => readBmp(bmp(few), 'f.bmp')).toThrow('a colour that is not there')
  })

  it('is as large as it may be, and ends with its last row', () => {
    const row = { width: 1, height: 1, bits: 24, rows: [[1, 2, 3]] }
    for (const side of [0, 16_385]) {
      expect(() => readBmp(bmp({ ...row, width: side }), 'f')).toThrow(`it claims ${side} x 1 pixels`)
      expect(() => readBmp(bmp({ ...row, height: -side }), 'f')).toThrow(`it claims 1 x ${side} pixels`)
    }
    const wide = { width: 16_384, height: 1, bits: 1, palette: [grey], rows: [Array<number>(2048).fill(0)] }
    expect(readBmp(bmp(wide), 'f').pixels).toHaveLength(3 * 16_384)
    expect(readBmp(bmp(row), 'f').pixels).toHaveLength(3)
    expect(() => readBmp(bmp(row).subarray(0, 57), 'f')).toThrow('it ends within its pixels')
    expect(() => readBmp(bmp(row).subarray(0, 53), 'f')).toThrow('it is not a whole BMP file')
  })

  it('begins with BM', () => {
    expect([
      isBmp(Uint8Array.of(0x42, 0x4d)),
      isBmp(Uint8Array.of(0x42, 0x4e)),
      isBmp(Uint8Array.of(0x4d, 0x4d))
    ]).toEqual([true, false, false])
  })
})
