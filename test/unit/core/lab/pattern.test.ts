import { describe, expect, it } from 'vitest'
import { matchesPattern } from '@core/lab/pattern'
import { createRandom } from '@core/math/random'

/** The same by a regular expression, which backtracks: fit for short texts alone. */
function byExpression(text: string, pattern: string): boolean {
  const parts = pattern.match(/\[!?[^\]]+\]|[\s\S]/g) ?? []
  const source = parts.map((part) => {
    if (part === '*') return '[\\s\\S]*'
    if (part === '?') return '[\\s\\S]'
    return part.length > 1 ? part.replace('[!', '[^') : part.replace(/[[\]]/, '\\$&')
  })
  return new RegExp(`^${source.join('')}$`).test(text)
}

describe('patterns of labgrid', () => {
  it.each([
    ['', '', true],
    ['', '*', true],
    ['', '?', false],
    ['abc', 'abc', true],
    ['abc', 'ab', false],
    ['ab', 'abc', false],
    ['abc', '**c', true],
    ['aXbXbc', 'a*bc', true],
    ['aXbXbd', 'a*bc', false],
    ['board-7', 'board-[0-9]', true],
    ['board-x', 'board-[!0-9]', true],
    ['board-7', 'board-[!0-9]', false],
    ['a]', 'a[]]', true],
    ['a[', 'a[', true]
  ])('%j by %j: %s', (text, pattern, isMatched) => {
    expect(matchesPattern(text, pattern)).toBe(isMatched)
  })

  it('match what a regular expression of the same meaning matches', () => {
    const random = createRandom(4)
    const draw = (from: readonly string[], most: number): string =>
      Array.from({ length: random.integer(most + 1) }, () => from[random.integer(from.length)]).join('')
    let matched = 0
    for (let round = 0; round < 3000; round++) {
      const text = draw(['a', 'b', 'c'], 7)
      const pattern = draw(['a', 'b', 'c', '*', '?', '[ab]', '[!a]', '[a-b]', '*'], 5)
      const isMatched = byExpression(text, pattern)
      if (isMatched) matched++
      expect(matchesPattern(text, pattern), `${text} by ${pattern}`).toBe(isMatched)
    }
    expect(matched).toBeGreaterThan(300)
  })
})
