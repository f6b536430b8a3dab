import { describe, expect, it } from 'vitest'
import { buildCostTable } from '@core/search/costs/costTable'
import { costsOf, fits, searchLimits } from '@core/search/costs/limits'
import { createSpace, genesKey, tableCost, type SchemeCost } from '@core/search/space'

/** Two layers, whose bits cost their product; the first layer's activations have 8 bits. */
const product = tableCost(buildCostTable(2, 'bops', 10, (layer, w, a) => (layer + 1) * w * a))
const spaceOf = (...costs: SchemeCost[]) => createSpace({ layers: ['a', 'b'], macs: [1, 1], costs })

describe('budgets of a search', () => {
  it('are shares of all-8-bit; a cost that equals its budget is within', () => {
    const space = spaceOf(product)
    const { limits, isFeasible, cheapest } = searchLimits(space, [0.5])
    // 10 + 64 + 128; the cheapest is 10 + 1 x 8 + 2 x 1 x 1.
    expect(limits).toEqual([{ baselineCost: 202, minimumCost: 20, budget: 101 }])
    expect([isFeasible, genesKey(cheapest)]).toEqual([true, '3033'])
    const at = (budget: number): boolean =>
      fits(space, [{ ...limits[0]!, budget }], Uint8Array.of(0, 0, 0, 0))
    expect([at(202), at(201.999)]).toEqual([true, false])
    expect(costsOf(space, Uint8Array.of(1, 0, 2, 1))).toEqual([10 + 32 + 2 * 2 * 4])
    expect(searchLimits(space, [20 / 202]).isFeasible).toBe(true)
    expect(searchLimits(space, [19.9 / 202]).isFeasible).toBe(false)
    expect(searchLimits(space, [null]).limits[0]!.budget).toBe(Infinity)
  })

  it('refuse costs of nothing, of less, and without end', () => {
    for (const cost of [0, -1, NaN, Infinity]) {
      const table = tableCost(buildCostTable(2, 'bops', 0, () => cost))
      expect(() => searchLimits(spaceOf(table), [0.5])).toThrow(`came out as ${cost}`)
      const plain: SchemeCost = { unit: 'bytes', table: null, isSum: false, of: () => cost }
      expect(() => searchLimits(spaceOf(plain), [0.5])).toThrow(`came out as ${cost}`)
    }
    expect(() => searchLimits(spaceOf(product), [])).toThrow(/1 costs with 0 budgets/)
  })

  it('of a cost that is no table are found gene by gene; of two, the scheme that exceeds least', () => {
    const sum: SchemeCost = {
      unit: 'bytes',
      table: null,
      isSum: false,
      of: (genes) => 100 - 10 * genes[0]! - 3 * genes[2]! + genes[3]!
    }
    const one = searchLimits(spaceOf(sum), [0.5])
    expect([one.limits[0]!.minimumCost, genesKey(one.cheapest)]).toEqual([100 - 30 - 9, '3030'])
    const rising = tableCost(buildCostTable(2, 'bytes', 0, (_, w) => 20 - w))
    // Fewer bits raise one cost and lower the other.
    const both = searchLimits(spaceOf(product, rising), [0.3, 1.05])
    expect(both.isFeasible).toBe(false)
    expect(both.limits.map(({ minimumCost }) => minimumCost)).toEqual([20, 24])
  })
})
