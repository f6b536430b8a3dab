import { expect, it } from 'vitest'
import { startOrder } from '@core/search/startOrder'

const genes = (...values: number[]): Uint8Array => Uint8Array.from(values)

it('starts the schemes of a batch that differ earliest from all evaluated ones first, equals in their order', () => {
  const evaluated = [genes(0, 0, 0, 0), genes(1, 0, 2, 2)]
  const batch = [genes(0, 0, 0, 1), genes(2, 0, 0, 0), genes(1, 0, 2, 3), genes(1, 1, 2, 2)]
  expect(startOrder(batch, evaluated)).toEqual([1, 3, 0, 2])
  expect(startOrder(batch, [])).toEqual([0, 1, 2, 3])
})

it('keeps schemes apart that begin alike, so that the second finds what the first has fitted', () => {
  const evaluated = [genes(0, 0, 0, 0)]
  const batch = [genes(1, 2, 0, 0), genes(1, 2, 0, 1), genes(0, 0, 3, 0), genes(2, 0, 0, 0)]
  expect(startOrder(batch, evaluated)).toEqual([0, 3, 2, 1])
})
