import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { createRandom } from '@core/math/random'
import { matchesPattern } from '@core/lab/pattern'
import { hasTool, sayskip } from '../../../support/ptyPair'

const hasPython = hasTool('python3')
if (!hasPython) sayskip('patterns of labgrid beside fnmatch', 'python3')

describe('patterns of labgrid', () => {
  it.each([
    ['rack1', '*', true],
    ['rack1', 'rack?', true],
    ['rack12', 'rack?', false],
    ['', '*', true],
    ['', '?', false],
    ['rack1', 'rack[12]', true],
    ['rack3', 'rack[!12]', true],
    ['rack1', 'rack[!12]', false],
    ['Rack1', 'rack1', false],
    ['a[b', 'a[b', true],
    ['a]', 'a[]]', true],
    ['aXbXc', 'a*b*c', true]
  ])('%s against %s: %s', (text, pattern, expected) => {
    expect(matchesPattern(text, pattern)).toBe(expected)
  })

  it('ends soon on stars without end', () => {
    expect(matchesPattern('a'.repeat(20_000), `${'*a'.repeat(50)}b`)).toBe(false)
  })

  it.skipIf(!hasPython)('are those of fnmatchcase on random texts', () => {
    const random = createRandom(16)
    const word = (letters: string, longest: number): string =>
      Array.from({ length: random.integer(longest) }, () =>
        letters.charAt(random.integer(letters.length))
      ).join('')
    const pairs = Array.from({ length: 3_000 }, () => [word('ab-1]', 7), word('ab1*?[]!-', 8)] as const)
    const script =
      'import sys,json,fnmatch\nprint(json.dumps([fnmatch.fnmatchcase(t,p) for t,p in json.load(sys.stdin)]))'
    const expected = JSON.parse(
      execFileSync('python3', ['-c', script], { input: JSON.stringify(pairs), encoding: 'utf8' })
    ) as boolean[]
    expect(pairs.filter(([text, pattern], at) => matchesPattern(text, pattern) !== expected[at])).toEqual([])
    // Both kinds occur often enough to mean something.
    expect(expected.filter(Boolean).length).toBeGreaterThan(100)
  })
})
