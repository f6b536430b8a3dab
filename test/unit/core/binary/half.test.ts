import { describe, expect, it } from 'vitest'
import { floatOfHalf, halfOfFloat } from '@core/binary/half'

describe('half precision', () => {
  it('is written as IEEE 754 says, by hand', () => {
    const expected: [number, number][] = [
      ...([
        [0, 0],
        [-0, 0x8000],
        [1, 0x3c00],
        [-2, 0xc000],
        [0.1, 0x2e66]
      ] as [number, number][]),
      // Largest number; half a step above it is infinite, less than that is not.
      ...([
        [65_504, 0x7bff],
        [65_519.9, 0x7bff],
        [65_520, 0x7c00],
        [1e9, 0x7c00]
      ] as [number, number][]),
      // Least normal and subnormal numbers; half the least one is 0, which is even.
      ...([
        [2 ** -14, 0x0400],
        [2 ** -24, 1],
        [2 ** -25, 0],
        [2 ** -25 * 1.001, 1]
      ] as [number, number][]),
      // Ties: 2049 lies between 2048 and 2050, 2051 between 2050 and 2052.
      ...([
        [2049, 0x6800],
        [2051, 0x6802],
        [-Infinity, 0xfc00]
      ] as [number, number][])
    ]
    for (const [value, bits] of expected) expect(halfOfFloat(value), String(value)).toBe(bits)
    expect(floatOfHalf(halfOfFloat(NaN))).toBeNaN()
  })

  it('is read and written again bit for bit', () => {
    const wrong = Array.from({ length: 0x10000 }, (_, bits) => bits).filter((bits) => {
      const isNumber = (bits & 0x7c00) !== 0x7c00 || (bits & 0x3ff) === 0
      return isNumber && halfOfFloat(floatOfHalf(bits)) !== bits
    })
    expect(wrong).toEqual([])
  })
})
