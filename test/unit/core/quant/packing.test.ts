import { describe, expect, it } from 'vitest'
import {
  packRow,
  packWeights,
  packedBytes,
  unpackRow,
  unpackWeights,
  weightLayoutName,
  weightLayouts
} from '@core/quant/packing'
import { bitWidths, type Bits } from '@core/quant/scheme'
import { createRandom } from '@core/math/random'

function randomCodes(bits: Bits, count: number, seed: number): Int8Array {
  const random = createRandom(seed)
  return Int8Array.from({ length: count }, () => {
    const field = Math.floor(random.next() * 2 ** bits)
    return bits === 1 ? field * 2 - 1 : field - 2 ** (bits - 1)
  })
}

describe('packing', () => {
  it('writes fields little-endian, rows padded to words', () => {
    expect([...packRow(4, Int8Array.of(1, -1, 7, -8, 0))]).toEqual([0xf1, 0x87, 0, 0])
    expect([...packRow(2, Int8Array.of(1, -1, -2, 0, 1))]).toEqual([0b00101101, 1, 0, 0])
    expect([...packRow(1, Int8Array.of(1, -1, 1, 1, -1, -1, -1, 1, 1))]).toEqual([0b10001101, 1, 0, 0])
    expect([...packRow(8, Int8Array.of(-128, 127, -1))]).toEqual([0x80, 0x7f, 0xff, 0])
  })

  it('writes planes as one word per bit of the code', () => {
    // Codes 1 = 01, -2 = 10, -1 = 11: bit 0 of codes 0 and 2, bit 1 of codes 1 and 2.
    expect([...packWeights(1, 2, Int8Array.of(1, -2, -1), 1, 3)]).toEqual([0b101, 0, 0, 0, 0b110, 0, 0, 0])
  })

  it('writes quads as four rows side by side, missing rows zero', () => {
    const codes = Int8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    expect([...packWeights(2, 8, codes, 5, 2)]).toEqual([1, 3, 5, 7, 2, 4, 6, 8, 9, 0, 0, 0, 10, 0, 0, 0])
  })

  it('writes octets as eight rows side by side, codes offset to 0..15, missing rows zero', () => {
    const codes = Int8Array.of(-8, 7, -7, 6, 0, -1, 1, 2, 3, 4)
    // Rows 0 to 4 of column 0: 0, 1, 8, 9, 11; of column 1: 15, 14, 7, 10, 12.
    expect([...packWeights(3, 4, codes, 5, 2)]).toEqual([0x10, 0x98, 0x0b, 0, 0xef, 0xa7, 0x0c, 0])
  })

  it('is a bijection on codes in every layout, for every width and awkward sizes', () => {
    let cases = 0
    for (const { id, bits: widths } of weightLayouts) {
      for (const bits of widths) {
        for (const [rows, k] of [
          [1, 1],
          [3, 31],
          [4, 32],
          [5, 33],
          [7, 100]
        ] as const) {
          const codes = randomCodes(bits, rows * k, 1 + cases++)
          const bytes = packWeights(id, bits, codes, rows, k)
          expect(bytes.length).toBe(packedBytes(id, bits, rows, k))
          expect(bytes.length % 4).toBe(0)
          expect(unpackWeights(id, bits, bytes, rows, k)).toEqual(codes)
        }
      }
    }
    expect(cases).toBe(45)
  })

  it('never grows weights by more than the padding of a row or of four rows', () => {
    for (const { id, bits: widths } of weightLayouts) {
      for (const bits of widths)
        expect(packedBytes(id, bits, 16, 150)).toBeLessThan(1.25 * ((16 * 150 * bits) / 8))
    }
  })

  it('packs and unpacks activation rows', () => {
    for (const bits of bitWidths) {
      const codes = randomCodes(bits, 45, bits)
      expect(unpackRow(bits, packRow(bits, codes), 45)).toEqual(codes)
    }
  })

  it('names the layouts', () => {
    expect([0, 1, 2, 9].map(weightLayoutName)).toEqual(['packed', 'planes', 'quads', 'layout 9'])
  })

  it('refuses what does not fit, and says what to do', () => {
    const refused = (action: () => unknown) => {
      try {
        action()
      } catch (error) {
        return error as { code: string; hint: string }
      }
      throw new Error('nothing was refused')
    }
    expect(refused(() => packWeights(2, 4, new Int8Array(4), 1, 4))).toMatchObject({
      code: 'board.unsupportedKernel',
      hint: expect.stringContaining('kernel table') as string
    })
    expect(refused(() => packWeights(9, 8, new Int8Array(4), 1, 4)).code).toBe('board.unsupportedKernel')
    expect(refused(() => packRow(4, Int8Array.of(8))).code).toBe('model.invalid')
    expect(refused(() => packRow(1, Int8Array.of(0))).code).toBe('model.invalid')
    expect(refused(() => packWeights(0, 8, new Int8Array(3), 1, 4)).code).toBe('model.invalid')
    expect(refused(() => unpackRow(8, new Uint8Array(8), 4)).code).toBe('model.invalid')
  })
})
