import { expect, it } from 'vitest'
import { overBudget } from '@main/cli/demo'

it('says by how much a board misses the budget that the prediction keeps', () => {
  // 6.35 / 6.25 = 1.016
  const budget = { budget: 6.25e6, unit: 'cycles' } as const
  expect(overBudget({ measured: 6.35e6, unit: 'cycles' }, budget)).toBe(', 1.6 % over the budget')
  expect(overBudget({ measured: 6.25e6, unit: 'cycles' }, budget)).toBe('')
  expect(overBudget({ measured: 9e6, unit: 'instructions' }, budget)).toBe('')
})
