import { describe, expect, it } from 'vitest'
import { buildCostTable } from '@core/search/costs/costTable'
import { createSpace, tableCost, type Genes, type SearchSpace } from '@core/search/space'
import { highest, neighboursOf } from '@core/search/strategies/mico'

/** Layers of 8, 4, 2 or 1 bits (genes 0 to 3); the activations of the first one keep the input's 8. */
function spaceOf(layers: number): SearchSpace {
  const names = Array.from({ length: layers }, (_, at) => `fc${at}`)
  const table = buildCostTable(layers, 'bops', 0, (_, weight, activation) => weight * activation)
  return createSpace({ layers: names, macs: names.map(() => 1), costs: [tableCost(table)] })
}

const texts = (genes: readonly Genes[]): string[] => genes.map((one) => one.join('')).sort()

describe('neighbours of a scheme', () => {
  it('of one layer are its weights one step up or down', () => {
    const space = spaceOf(1)
    expect(texts(neighboursOf(space, Uint8Array.of(0, 0)))).toEqual(['10'])
    expect(texts(neighboursOf(space, Uint8Array.of(2, 0)))).toEqual(['10', '30'])
    expect(texts(neighboursOf(space, Uint8Array.of(3, 0)))).toEqual(['20'])
  })

  it('of two are one gene changed, or one with more bits and another with fewer', () => {
    const space = spaceOf(2)
    // All 8 bits: nothing can have more.
    expect(texts(neighboursOf(space, Uint8Array.of(0, 0, 0, 0)))).toEqual(['0001', '0010', '1000'])
    const from = Uint8Array.of(1, 0, 2, 3)
    const fewer = ['2023', '1033']
    const more = ['0023', '1013', '1022']
    // Each of `more` with one of the other genes a step down; the last gene is at 1 bit already.
    const both = ['0033', '2013', '2022', '1032']
    expect(texts(neighboursOf(space, from))).toEqual([...fewer, ...more, ...both].sort())
  })
})

it('the highest values come first, equal ones in their order', () => {
  const values = [3, 7, 7, 1, 9]
  const of = (count: number): number[] => highest(values, (at) => values[at], count)
  expect([of(0), of(1), of(3), of(9)]).toEqual([[], [4], [4, 1, 2], [4, 1, 2, 0, 3]])
})
