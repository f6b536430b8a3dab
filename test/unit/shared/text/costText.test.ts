import { describe, expect, it } from 'vitest'
import { budgetText } from '@shared/text/costText'

describe('the text of a budget', () => {
  it('does not round a budget below int8 to all of int8', () => {
    expect(budgetText(0.995)).toBe('99.5 % of int8')
    expect(budgetText(0.0025)).toBe('0.25 % of int8')
  })

  it('has no digits that the share does not have', () => {
    // 100 * 0.57 is 56.99999999999999 in binary.
    expect(budgetText(0.57)).toBe('57 % of int8')
    expect(budgetText(1.2)).toBe('120 % of int8')
  })
})
