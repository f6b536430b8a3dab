import { describe, expect, it } from 'vitest'
import {
  beginningOf,
  guideOfPage,
  passageOf,
  plainText,
  readGuidePage,
  searchGuide
} from '@renderer/help/guide'
import { guidePages } from '@renderer/help/guidePages'
import { pages } from '@renderer/stores/window/navigation'

const markdown = `# Search a scheme

Bits per layer within a \`budget\`.

| column | meaning |
|---|---|
| cost | **cycles** |

## Budgets

- a share of int8
- nested
`

describe('a page of the guide', () => {
  it('has a title, and sections with the words under each heading', () => {
    const page = readGuidePage('search', markdown)
    expect(page.title).toBe('Search a scheme')
    expect(page.sections.map(({ heading, index, text }) => [heading, index, text.trim()])).toEqual([
      ['Search a scheme', 0, 'Bits per layer within a budget. column meaning cost cycles'],
      ['Budgets', 1, 'a share of int8 nested']
    ])
  })

  it('is one without a heading too', () => {
    expect(readGuidePage('empty', '')).toMatchObject({ title: 'empty', sections: [] })
    expect(plainText([])).toBe('')
  })
})

describe('searching the guide', () => {
  const one = [readGuidePage('search', markdown)]
  it('finds every word in any case, headings first', () => {
    expect(searchGuide(one, 'BUDGET').map(({ heading }) => heading)).toEqual(['Budgets', 'Search a scheme'])
    expect(searchGuide(one, 'share  int8').map(({ index }) => index)).toEqual([1])
    expect(searchGuide(one, 'budget zebra')).toEqual([])
    expect(searchGuide(one, '  ')).toEqual([])
  })

  it('finds a word with a hyphen and without', () => {
    const joined = [readGuidePage('gpu', '# Triggers\n\nthe pre-trigger time, in a soft- or firmware')]
    expect(searchGuide(joined, 'pretrigger')).toHaveLength(1)
    expect(searchGuide(joined, 'Pre-Trigger')).toHaveLength(1)
    expect(searchGuide(joined, 'soft-')).toHaveLength(1)
    expect(searchGuide(guidePages, 'pre-trigger').map(({ pageId }) => pageId)).toEqual(['gpu'])
  })

  it('takes what looks like a pattern as plain words', () => {
    expect(searchGuide(one, '(.*')).toEqual([])
    expect(searchGuide(one, '[')).toEqual([])
  })
})

describe('the passage of a section', () => {
  const text = `${'first words '.repeat(20)}then the pre-trigger time ${'last words '.repeat(20)}`
  it('is around the first word that was searched, whole words with dots at both ends', () => {
    const found = passageOf(text, 'Pretrigger', 60)
    expect(found).toMatch(/^… words first words then the pre-trigger time last .* …$/)
    expect(found.length).toBeLessThan(66)
  })

  it('is the beginning where the word stands there, or in the heading alone', () => {
    expect(passageOf(text, 'words', 20)).toBe(beginningOf(text, 20))
    expect(passageOf(text, 'zebra', 20)).toBe(beginningOf(text, 20))
    expect(passageOf('', 'zebra', 20)).toBe('')
  })
})

describe('the beginning of a text', () => {
  it('ends with a whole word, and with dots only where the text goes on', () => {
    expect(beginningOf('one two three', 9)).toBe('one two …')
    expect(beginningOf('one two', 7)).toBe('one two')
    expect(beginningOf('abcdefgh', 4)).toBe('abcd …')
    expect(beginningOf('', 4)).toBe('')
  })
})

describe('the guide of the window', () => {
  it('is docs/guide, with a page for every page of the window', () => {
    const ids = guidePages.map(({ id }) => id)
    for (const { id } of pages) expect(ids, id).toContain(guideOfPage[id])
    for (const page of guidePages) expect(page.sections.length, page.id).toBeGreaterThan(0)
    expect(searchGuide(guidePages, 'unseen shape').some(({ pageId }) => pageId === 'proxies')).toBe(true)
  })
})
