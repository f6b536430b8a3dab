import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import {
  requantFactor,
  scaleRounded,
  toCode,
  toFixedPoint,
  toFixedPointPair
} from '@core/quant/integer/fixedPoint'

describe('fixed point', () => {
  it('keeps mult in [2^20, 2^21) and is within half a unit of it', () => {
    const random = createRandom(3)
    for (let trial = 0; trial < 2000; trial++) {
      const factor = 2 ** (random.next() * 45 - 28)
      const { mult, shift } = toFixedPoint(factor)
      if (shift > 1) {
        expect(mult).toBeGreaterThanOrEqual(2 ** 20)
        expect(mult).toBeLessThan(2 ** 21)
        expect(Math.abs(mult / 2 ** shift / factor - 1)).toBeLessThanOrEqual(2 ** -21)
      }
      expect(shift).toBeGreaterThanOrEqual(1)
      expect(shift).toBeLessThanOrEqual(51)
    }
  })

  it('encodes dead channels as mult 0, shift 1', () => {
    for (const factor of [0, -1, 2 ** -60, NaN]) expect(toFixedPoint(factor)).toEqual({ mult: 0, shift: 1 })
  })

  it('rounds half up, below zero too, exactly as 64-bit integers do', () => {
    expect([-3, -1, 1, 3].map((value) => scaleRounded(value, 2 ** 20, 21))).toEqual([-1, 0, 1, 2])
    const random = createRandom(4)
    for (let trial = 0; trial < 5000; trial++) {
      const sum = Math.floor((random.next() - 0.5) * 2 ** 32)
      const mult = 2 ** 20 + random.integer(2 ** 20)
      const shift = 1 + random.integer(51)
      const exact = (BigInt(sum) * BigInt(mult) + (1n << BigInt(shift - 1))) >> BigInt(shift)
      expect(scaleRounded(sum, mult, shift)).toBe(Number(exact))
    }
  })

  it('decides one-bit codes by the threshold between their levels', () => {
    expect([255, 256, 257].map((value) => toCode(value, 1, 1))).toEqual([-1, -1, 1])
    expect([-1, 0, 1].map((value) => toCode(value, 1, 0))).toEqual([-1, -1, 1])
    expect(requantFactor(1, 1, 1)).toBe(256)
  })

  it('clips codes to their width', () => {
    expect([-5, 0, 300].map((value) => toCode(value, 8, 128))).toEqual([-128, -128, 127])
    expect([-9, 9].map((value) => toCode(value, 2, 0))).toEqual([-2, 1])
  })

  it('puts two factors over one shift', () => {
    const { multA, multB, shift } = toFixedPointPair(0.75, 0.01)
    expect(multA / 2 ** shift).toBeCloseTo(0.75, 6)
    expect(multB / 2 ** shift).toBeCloseTo(0.01, 6)
    expect(multA).toBeGreaterThanOrEqual(2 ** 20)
  })
})
