import { describe, expect, it } from 'vitest'
import { applyMutant, mutantsOf } from '../../../scripts/mutate/mutants'
import { selectionsOf } from '../../../scripts/mutate/selections'

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

describe('the tests that a change is shown to', () => {
  const near = (file: string, ...present: string[]): string[][] =>
    selectionsOf(file, true, (one) => present.includes(String(one)))

  it('are those of its name, then those of its folders, one selection after the other', () => {
    const present = ['test/unit/core/quant/a.test.ts', 'test/unit/core/quant', 'test/integration/core/quant']
    expect(near('src/core/quant/a.ts', ...present)).toEqual([
      ['run', 'test/unit/core/quant/a.test.ts'],
      ['run', 'test/unit/core/quant/'],
      ['run', 'test/integration/core/quant/']
    ])
    expect(near('src/core/quant/deep/b.ts', ...present)).toEqual([
      ['run', 'test/unit/core/quant/'],
      ['run', 'test/integration/core/quant/']
    ])
  })

  it('are never all of a layer of test/integration, nor all tests', () => {
    const layers = ['test', 'test/unit', 'test/integration', 'test/unit/core', 'test/integration/core']
    expect(near('src/core/math/c.ts', ...layers)).toEqual([['run', 'test/unit/core/']])
    expect(near('src/preload/d.ts', ...layers)).toEqual([])
    expect(selectionsOf('src/preload/d.ts', false, () => false)).toEqual([
      expect.arrayContaining(['related', 'src/preload/d.ts'])
    ])
  })
})
