import { describe, expect, it } from 'vitest'
import { isAmbiguous, readTypedNumber } from '@renderer/components/fields/typedNumber'

describe('a number as people write it', () => {
  it.each([
    ['1,5', 1.5],
    ['1.5', 1.5],
    [',5', 0.5],
    ['.5', 0.5],
    ['-0,125', -0.125],
    ['−3', -3],
    ['1e-3', 0.001],
    ['1,5e3', 1500],
    ['0,125', 0.125],
    ['1.250', 1.25],
    ['1,234.5', 1234.5],
    ['1.234,5', 1234.5],
    ['1,234,567', 1_234_567],
    ['1.234.567', 1_234_567],
    ['1 234', 1234],
    ['1\u202f234,5', 1234.5],
    ["12'345", 12_345],
    ['１，５', 1.5],
    ['1234,567', 1234.567]
  ])('%s is %d', (text, value) => expect(readTypedNumber(text)).toBe(value))

  it.each([
    '',
    ' ',
    ',',
    '.',
    '1,2,3',
    '1.2.3',
    '1,23,456',
    '12 34',
    '0x10',
    'Infinity',
    '1,5,',
    '1..5',
    'five',
    '1,234,56'
  ])('"%s" is none', (text) => expect(readTypedNumber(text)).toBeNaN())

  it.each(['1,500', '-12,345'])('%s could be two numbers', (text) => {
    expect(isAmbiguous(text)).toBe(true)
    expect(readTypedNumber(text)).toBeNaN()
  })

  it('reads back every number that a program prints', () => {
    for (const value of [0, 1, 0.1, 1e-7, 123456789.125, 5e-324, 1e21, -2.5])
      expect(readTypedNumber(String(value))).toBe(value)
  })
})
