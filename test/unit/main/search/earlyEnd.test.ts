import { describe, expect, it } from 'vitest'
import { earlyEnd } from '@main/search/searchJob'
import type { Search } from '@shared/contract/search'

const search = (state: Search['state'], evaluated: number, budgetFeasible = true): Search =>
  ({ state, trace: new Array(evaluated), request: { evaluations: 12 }, budgetFeasible }) as unknown as Search

describe('earlyEnd', () => {
  it.each([
    [search('done', 12), ''],
    [search('done', 11), ' (ended early: the strategy had no other scheme to try)'],
    [search('done', 0, false), ' (ended early: no scheme is within the budget)'],
    [search('running', 3), ''],
    [search('cancelled', 3), '']
  ])('gives the reason of a finished search alone', (of, reason) => {
    expect(earlyEnd(of)).toBe(reason)
  })
})
