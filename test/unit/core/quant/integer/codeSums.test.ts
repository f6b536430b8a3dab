import { expect, it } from 'vitest'
import { codeSums } from '@core/quant/integer/codeSums'

it('sums the codes of every channel, in both orders', () => {
  const codes = Int8Array.of(1, -2, 3, 127, -128, 5)
  expect(Array.from(codeSums(codes, 2, false))).toEqual([1 - 2 + 3, 127 - 128 + 5])
  expect(Array.from(codeSums(codes, 2, true))).toEqual([1 + 3 - 128, -2 + 127 + 5])
  expect(Array.from(codeSums(codes, 1, false))).toEqual([6])
  expect(Array.from(codeSums(codes, 6, false))).toEqual(Array.from(codes))
})
