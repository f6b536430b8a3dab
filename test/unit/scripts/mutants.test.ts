import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { applyMutant, mutantsOf } from '../../../scripts/mutate/mutants'
import { reachingOf, type FileReach } from '../../../scripts/mutate/reach'
import { withSwitches } from '../../../scripts/mutate/schemata'

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

describe('all changes of a module at once', () => {
  /** The value of `result` in a module whose mutants are numbered from 1, with one of them on. */
  const run = (text: string, on: number): unknown => {
    const numbered = mutantsOf('a.ts', text).map((mutant, index) => ({ id: index + 1, mutant }))
    const code = ts.transpile(withSwitches(text, numbered), { target: ts.ScriptTarget.ES2023 })
    const evaluate = new Function('globalThis', `${code}\nreturn result`)
    return evaluate({ __mutant: (id: number) => id === on })
  }
  const sources = [
    'const f = (a: number, b: number): boolean => a < b\nconst result = [f(1, 2), f(2, 2), f(3, 2)]',
    'const x = [7, 5, 3] as const\nconst result = x[0] + x[1] * -x[2] % 4 - 1',
    'let n = 1\nconst g = (): number => n\nn += 4\nn -= 2\nif (n > 2) n *= 3\nelse n += 1\nconst result = g()',
    'let calls = 0\nconst count = (): boolean => ++calls > 2\ncount() || count()\nif (!count()) count()\nconst result = calls',
    'const result = Math.max(Math.min(3, 8), 5, 1 << 2) >>> 1 || !true',
    'const of = { 1: 2, [3]: 4 }\nconst { 1: a = 9 } = of\nconst result = [a, of, `${a + 1} of ${a - 1}`]',
    'const result: number[] = []\nfor (let i = 0; i < 4; i += 1) result.push(i % 3 === 0 ? -i : i)'
  ]

  it.each(sources)(
    'is the module as it is with none on, and each single change with its number on: %s',
    (text) => {
      const plain = (code: string): unknown =>
        new Function(`${ts.transpile(code, { target: ts.ScriptTarget.ES2023 })}\nreturn result`)()
      expect(run(text, 0)).toEqual(plain(text))
      for (const [index, mutant] of mutantsOf('a.ts', text).entries()) {
        if (isEndless(mutant.change)) continue
        expect(run(text, index + 1), mutant.change).toEqual(plain(applyMutant(text, mutant)))
      }
    }
  )

  /** Counting down, or by 0. */
  const isEndless = (change: string): boolean => change === 'i += 1 -> i -= 1'

  it('leaves a module without one as it is', () => {
    expect(withSwitches('const a = b\n', [])).toBe('const a = b\n')
  })
})

describe('the tests that a change is shown to', () => {
  const test = (name: string, ms: number, ids: number[]): FileReach['tests'][number] => ({
    ...{ name, ms, ids },
    isFailed: false
  })
  const reach: FileReach[] = [
    { file: 'test/unit/main/x.test', ms: 90, always: [2], tests: [test('x1', 5, []), test('x2', 7, [1])] },
    { file: 'test/unit/core/quant/b.test', ms: 90, always: [], tests: [test('b', 30, [1, 3])] },
    { file: 'test/unit/core/quant/a.test', ms: 90, always: [], tests: [test('a', 40, [1])] },
    { file: 'test/unit/core/math/c.test', ms: 90, always: [], tests: [test('c', 4, [1])] }
  ]

  it('are those that evaluate it: its own file, then its folder, then the quickest', () => {
    expect(reachingOf(1, 'src/core/quant/a.ts', reach)).toEqual([
      { file: 'test/unit/core/quant/a.test', tests: ['a'], longestMs: 40 },
      { file: 'test/unit/core/quant/b.test', tests: ['b'], longestMs: 30 },
      { file: 'test/unit/core/math/c.test', tests: ['c'], longestMs: 4 },
      { file: 'test/unit/main/x.test', tests: ['x2'], longestMs: 7 }
    ])
    expect(reachingOf(4, 'src/core/quant/a.ts', reach)).toEqual([])
  })

  it('are all of a file that evaluates it at loading', () => {
    expect(reachingOf(2, 'src/core/quant/a.ts', reach)).toEqual([
      { file: 'test/unit/main/x.test', tests: null, longestMs: 7 }
    ])
  })
})
