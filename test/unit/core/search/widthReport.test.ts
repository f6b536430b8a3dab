import { describe, expect, it } from 'vitest'
import { parseScheme } from '@core/quant/scheme'
import { schemeReasons, widthReports } from '@core/search/widthReport'

const candidate = (text: string, cost: number, loss: number) => ({
  scheme: parseScheme(text, ['a', 'b']),
  cost,
  loss
})

describe('what each width loses and saves', () => {
  it('comes from the schemes that differ from int8 in one width, cheapest first', () => {
    const rows = widthReports([
      candidate('w8a8,w8a8', 200, 0.01),
      candidate('w2a8,w8a8', 150, 0.06),
      candidate('w8a8,w8a2', 180, 0.02),
      candidate('w8a8,w2a8', 210, 0.02),
      candidate('w2a8,w8a2', 130, 0.07)
    ])
    expect(rows.map(({ layers, what, bits }) => `${layers.join('+')} ${what} ${bits}`)).toEqual([
      'b activation 2',
      'a weight 2',
      'b weight 2'
    ])
    expect(rows[0]!.costSaved).toBeCloseTo(0.1, 12)
    expect(rows[0]!.lossPerPercent).toBeCloseTo(0.001, 12)
    expect(rows[1]!.lossPerPercent).toBeCloseTo(0.05 / 25, 12)
    // Fewer bits that are dearer save nothing.
    expect(rows[2]!.lossPerPercent).toBeNull()
  })

  it('reads probes that lower neighbouring layers together', () => {
    const of = (text: string, loss: number) => ({
      scheme: parseScheme(text, ['a', 'b', 'c', 'd']),
      cost: 100,
      loss
    })
    const rows = widthReports([
      { ...of('w8a8,w8a8,w8a8,w8a8', 0.01), cost: 200 },
      of('w2a8,w2a8,w8a8,w8a8', 0.03),
      of('w8a8,w8a2,w8a2,w8a2', 0.02),
      // Not neighbours, of two widths, of both kinds, and everything at once: no single cause.
      of('w2a8,w8a8,w2a8,w8a8', 0.5),
      of('w2a8,w4a8,w8a8,w8a8', 0.5),
      of('w2a8,w8a2,w8a8,w8a8', 0.5),
      of('w2a8,w2a8,w2a8,w2a8', 0.5)
    ])
    expect(rows.map(({ layers, what }) => `${layers.join('+')} ${what}`)).toEqual([
      'b+c+d activation',
      'a+b weight'
    ])
    expect(rows[1]!.lossPerPercent).toBeCloseTo(0.02 / 50, 12)
  })

  it('says what would gain most and what would cost least', () => {
    const reports = widthReports([
      candidate('w8a8,w8a8', 200, 0.01),
      candidate('w2a8,w8a8', 150, 0.06),
      candidate('w8a8,w8a2', 180, 0.02),
      candidate('w8a8,w2a8', 190, 0.03)
    ])
    const reasons = (text: string) => schemeReasons(reports, parseScheme(text, ['a', 'b']))
    expect(reasons('w4a8,w1a8')).toEqual([
      'Raising the weights of b would gain most: 0.00400 loss per percent of cost by its probe.',
      'Lowering the activations of b would be the cheapest next step: 0.00100 loss per percent of cost.'
    ])
    expect(reasons('w8a8,w8a8')).toHaveLength(1)
    expect(schemeReasons([], parseScheme('w4a8,w1a8', ['a', 'b']))).toEqual([])
  })

  it('is empty without int8', () => {
    expect(widthReports([candidate('w2a8,w8a8', 150, 0.06)])).toEqual([])
  })
})
