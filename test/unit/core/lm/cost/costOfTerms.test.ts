import { expect, it } from 'vitest'
import { costOfTerms } from '@core/lm/cost/decoderProxy'

it('the cost of work is the sum of its amounts, each at its price', () => {
  const proxy = { costs: { 'matmul w8': 2, rmsnorm: 0.5, unused: 100 } }
  const cost = (terms: Record<string, number>): number => costOfTerms(proxy, new Map(Object.entries(terms)))
  expect(cost({})).toBe(0)
  expect(cost({ 'matmul w8': 3, rmsnorm: 4 })).toBe(8)
  expect(() => cost({ rmsnorm: 1, softmax: 1 })).toThrow('no "softmax"')
  // A name that every object has is no measured one.
  expect(() => cost({ toString: 1 })).toThrow('no "toString"')
})
