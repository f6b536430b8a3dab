import { describe, expect, it } from 'vitest'
import { composeScene } from '@core/dataset/generated/scenes'
import { halfToNumber } from '@core/dataset/numbers'
import { drawSplits } from '@core/dataset/splits'
import { readZipDirectory } from '@core/dataset/zipDirectory'
import type { Random } from '@core/math/random'

describe('half floats', () => {
  it('are equal steps within each power of two, and below the least of them', () => {
    expect([1, 2, 0x3ff, 0x400].map(halfToNumber)).toEqual([2 ** -24, 2 ** -23, 1023 * 2 ** -24, 2 ** -14])
    expect([0x8001, 0x3c01, 0xbc00, 0x7bff].map(halfToNumber)).toEqual([
      -(2 ** -24),
      1 + 2 ** -10,
      -1,
      65_504
    ])
    for (let code = 0; code < 0x7bff; code++) {
      const step = 2 ** (Math.max(1, code >> 10) - 25)
      expect(halfToNumber(code + 1) - halfToNumber(code)).toBe(step)
    }
  })
})

describe('a ZIP entry', () => {
  it('has its 64-bit size behind other extra fields', () => {
    // Two fields of other kinds (2 and 5 bytes), then the 64-bit one.
    const fields = [
      9, 0, 2, 0, 7, 7, 8, 0, 5, 0, 1, 0, 1, 0, 1, 1, 0, 8, 0, 0, 0x10, 0xa5, 0xd4, 0xe8, 0, 0, 0
    ]
    const bytes = new Uint8Array(46 + 1 + fields.length)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, 0x02014b50, true)
    view.setUint32(20, 11, true)
    view.setUint32(24, 0xffffffff, true)
    view.setUint16(28, 1, true)
    view.setUint16(30, fields.length, true)
    view.setUint32(42, 33, true)
    bytes[46] = 97
    bytes.set(fields, 47)
    // 0xe8d4a51000 is 10^12.
    expect(readZipDirectory(bytes, 'a.zip')).toEqual([
      { name: 'a', method: 0, crc32: 0, bytes: 1e12, packedBytes: 11, headerOffset: 33 }
    ])
  })
})

describe('splits that lack the same', () => {
  it('take items in the order of their names', () => {
    const basis = (count: number) => ({
      ...{
        classes: new Int32Array(count),
        given: new Int8Array(count).fill(-1),
        origins: new Uint8Array(count)
      }
    })
    const counts = (count: number): number[] =>
      [...drawSplits(basis(count), { calibration: 0.25, tune: 0.25, search: 0.25 }, 3).values()].map(
        (items) => items.length
      )
    expect([1, 2, 3, 4, 5].map(counts)).toEqual([
      [1, 0, 0, 0],
      [1, 1, 0, 0],
      [1, 1, 1, 0],
      [1, 1, 1, 1],
      [2, 1, 1, 1]
    ])
  })
})

describe('a scene', () => {
  it('is the garment enlarged between its pixels, straight from one to the next', () => {
    // Background black, garment white: colour(0, 110) draws 0 and the tint 255, without noise in the middle of its range.
    const draws = [...Array(6).fill(0), 1, 1, 1, 0.9, 0]
    const random = { integer: () => 0, next: () => draws.shift() ?? 0.5 } as unknown as Random
    const garment = Uint8Array.from({ length: 784 }, (_, at) => 9 * (at % 28))
    const out = new Uint8Array(56 * 56 * 3)
    composeScene(garment, { side: 56, smallest: 56, largest: 56 }, random, out)
    for (const [y, x] of [
      [0, 0],
      [0, 1],
      [20, 7],
      [30, 53]
    ] as const)
      expect(out[(y * 56 + x) * 3]).toBe(Math.round(9 * (x / 2)))
    // Rows alike: down to the last, where nothing lies below.
    expect(out[(54 * 56 + 20) * 3 + 1]).toBe(90)
    expect(out[(55 * 56 + 20) * 3 + 2]).toBe(45)
    expect(out[(10 * 56 + 55) * 3]).toBe(Math.round((27 * 9) / 2))
  })
})
