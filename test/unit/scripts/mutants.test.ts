import { describe, expect, it } from 'vitest'
import { applyMutant, mutantsOf } from '../../../scripts/mutate/mutants'

const changed = (text: string): string[] => mutantsOf('a.ts', text).map((mutant) => applyMutant(text, mutant))

describe('the changes that mutation tries', () => {
  it('turn comparisons, signs, extremes, logic and constants around, one at a time', () => {
    expect(changed('const f = (a, b) => a < b')).toEqual([
      'const f = (a, b) => a <= b',
      'const f = (a, b) => a > b'
    ])
    expect(changed('x = a + b * c')).toEqual(['x = a - b * c', 'x = a + b / c'])
    expect(changed('x = Math.max(a, b)')).toEqual(['x = Math.min(a, b)'])
    expect(changed('x = !a && -b')).toEqual(['x = !a || -b', 'x = (a) && -b', 'x = !a && (b)'])
    expect(changed('const most = 1_000')).toEqual(['const most = 1001'])
    expect(changed('x = true')).toEqual(['x = false'])
  })

  it('leave types, imports, joined texts and error texts alone', () => {
    expect(changed(`import a from 'b1'\ntype T = 1 | 2\nconst f = (x: 3) => x`)).toEqual([])
    expect(changed("x = 'a' + b")).toEqual([])
    expect(changed("throw new AppError('a', `${n + 1} rows`)")).toEqual([])
  })

  it('say where and what', () => {
    expect(mutantsOf('a.ts', 'y = 0\nx = a - 1')).toMatchObject([
      { line: 1, change: 'y = 0 -> y = 1' },
      { line: 2, change: 'a - 1 -> a + 1' },
      { line: 2, change: 'a - 1 -> a - 2' }
    ])
  })
})
