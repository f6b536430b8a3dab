import { describe, expect, it } from 'vitest'
import { leaderOrRival, leaveOut } from '@core/regression/leaveOut'

describe('rows left out in turn', () => {
  it('are single ones up to 25, and tenths beyond', () => {
    expect(leaveOut(3).map(({ kept, left }) => [[...kept], [...left]])).toEqual([
      [[1, 2], [0]],
      [[0, 2], [1]],
      [[0, 1], [2]]
    ])
    expect(leaveOut(25)).toHaveLength(25)
    const tenths = leaveOut(26)
    expect(tenths).toHaveLength(10)
    expect([...tenths[5].left]).toEqual([5, 15, 25])
    expect(tenths.flatMap(({ left }) => [...left]).sort((a, b) => a - b)).toEqual([...Array(26).keys()])
    expect(tenths.every(({ kept, left }) => kept.length + left.length === 26)).toBe(true)
  })
})

describe('the choice between a leader and its rivals', () => {
  // With 20 rows and 2 a row, a rival has to be lower by 10 % + 2 / 20 = 20 %.
  const choose = (errors: Record<'a' | 'b' | 'c', number>) =>
    leaderOrRival(['a', 'b', 'c'], 20, 2, (method) => errors[method])

  it('keeps the leader unless a rival is lower by the margin', () => {
    expect(choose({ a: 10, b: 8, c: 9 })).toEqual({ method: 'a', errors: { a: 10, b: 8, c: 9 } })
    expect(choose({ a: 10, b: 7.9, c: 9 }).method).toBe('b')
  })

  it('wants the same margin of a rival over the one that took the lead', () => {
    expect(choose({ a: 10, b: 7, c: 5.7 }).method).toBe('b')
    expect(choose({ a: 10, b: 7, c: 5.5 }).method).toBe('c')
  })
})
