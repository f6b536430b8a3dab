import { describe, expect, it } from 'vitest'
import { budgetsOf, isOverBudget, type SearchBudget } from '@shared/searchBudget'
import { infeasibleText } from '@shared/text/infeasibleText'

const bops: SearchBudget = {
  cost: 'bops',
  unit: 'bops',
  budget: 1_000_000,
  baselineCost: 2_000_000,
  minimumCost: 500_000,
  nearestCost: 1_200_000
}
const size: SearchBudget = {
  cost: 'size',
  unit: 'bytes',
  budget: 100,
  baselineCost: 1024,
  minimumCost: 140,
  nearestCost: 150
}

describe('why no scheme is within the budgets', () => {
  it('names the budgets that no scheme keeps, with a share that can be kept', () => {
    // 140 / 1024 is 13.67 %: 13.6 would be too little.
    expect(infeasibleText([bops, size])).toEqual([
      'weight size: the cheapest scheme costs 140 B, more than the budget of 100 B. Raise it to 13.7 % of int8.'
    ])
    expect(infeasibleText([{ ...bops, budget: null }, size])).toHaveLength(1)
    // An exact share is not rounded up: 128 / 1024 = 12.5 %.
    expect(infeasibleText([{ ...size, minimumCost: 128 }])[0]).toContain('Raise it to 12.5 % of int8.')
  })

  it('takes a budget that a rounded sum misses by its last digit as kept, as searches do', () => {
    expect(0.1 + 0.2 > 0.3).toBe(true)
    expect(isOverBudget(0.1 + 0.2, 0.3)).toBe(false)
    expect(isOverBudget(0.301, 0.3)).toBe(true)
    expect(isOverBudget(1e9, null)).toBe(false)
  })

  it('says where each can be kept alone, and what the nearest scheme costs', () => {
    const [line, ...rest] = infeasibleText([bops, { ...size, minimumCost: 90 }])
    expect(rest).toEqual([])
    expect(line).toContain('kept alone')
    expect(line).toContain('BOPs 1.2 M BOPs (budget 1 M BOPs), weight size 150 B (budget 100 B)')
  })

  it('reads the budgets of a search, also of older versions', () => {
    const search = {
      request: { cost: 'bops', alsoWithin: [{ cost: 'size', ratio: 0.1 }] },
      ...{ costUnit: 'bops', budget: null, baselineCost: 2_000_000, minimumCost: 500_000 },
      otherLimits: [{ unit: 'bytes', budget: 100, baselineCost: 1024, minimumCost: 140 }]
    } as unknown as Parameters<typeof budgetsOf>[0]
    const read = budgetsOf(search)
    expect(read.map(({ cost, budget, nearestCost }) => [cost, budget, nearestCost])).toEqual([
      ['bops', null, undefined],
      ['size', 100, undefined]
    ])
    expect(budgetsOf({ ...search, nearestCosts: [7, 150] })[1]?.nearestCost).toBe(150)
  })
})
