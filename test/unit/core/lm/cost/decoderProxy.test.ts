import { describe, expect, it } from 'vitest'
import { decoderParts } from '@core/lm/board/decoderImage'
import { fitDecoderProxy, holdoutErrors, predictStep, type StepSample } from '@core/lm/cost/decoderProxy'
import { sampleShapes } from '@core/lm/cost/sampleDecoders'
import { layerTerms, outsideTerms, stepTerms } from '@core/lm/cost/stepTerms'
import { parseLmScheme } from '@core/lm/integer/lmScheme'
import { createRandom } from '@core/math/random'
import { tinyConfig } from '../../../../support/randomLm'

const shape = (text: string) => ({ config: tinyConfig, scheme: parseLmScheme(text, tinyConfig) })

/** A board on which every unit of work takes a cost of its own. */
const priceOf = (name: string): number =>
  1 + ([...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 17)
const price = (terms: ReadonlyMap<string, number>): number =>
  [...terms].reduce((sum, [name, amount]) => sum + amount * priceOf(name), 0)

/** Steps of decoders by chance on that board, with noise of so many percent. */
function measured(count: number, percent = 0): StepSample[][] {
  const random = createRandom(3)
  return sampleShapes(count, 5).map(({ config, scheme, positions }) =>
    positions.map((position) => {
      const own = { config, scheme }
      const parts = Array.from({ length: config.layers + 1 }, (_, layer) =>
        decoderParts.map((part) => {
          const exact = price(
            layer === config.layers ? outsideTerms(own, part) : layerTerms(own, layer, part, position)
          )
          return exact * (1 + (percent / 100) * random.normal())
        })
      ).flat()
      return { ...own, position, parts, cost: parts.reduce((sum, part) => sum + part, 0) }
    })
  )
}

describe('work of a decoder', () => {
  it('grows with the position in attention alone', () => {
    // Heads of 4 values go code by code: 4 heads, 6 positions.
    expect(Object.fromEntries(layerTerms(shape('w4a8,kv=4'), 0, 'attention', 5))).toEqual({
      ...{ 'softmax rows': 4, 'softmax values': 24 },
      'attention kv4 single products': 96,
      'attention kv4 single positions': 24,
      'attention kv4 single outputs': 16
    })
    for (const part of decoderParts.filter((name) => name !== 'attention'))
      expect(layerTerms(shape('w8a8'), 1, part, 0)).toEqual(layerTerms(shape('w8a8'), 1, part, 20))
  })

  it('counts matrices under their bits, rounded up to words and blocks', () => {
    // w2: 16 rows of 40 columns, 80 bits a row.
    const terms = layerTerms(shape('w8a8,0.w2=w2a4'), 0, 'down', 0)
    expect(Object.fromEntries(terms)).toEqual({
      'matmul w2a4 calls': 1,
      'matmul w2a4 rows': 16,
      'matmul w2a4 columns': 40,
      'matmul w2a4 macs': 640,
      'matmul w2a4 planes': 32,
      'matmul w2a4 words': 48,
      'matmul w2a4 blocks': 80,
      // Two words of a plane a row: one pair, one four that is copied.
      ...{
        'matmul w2a4 made': 2,
        'matmul w2a4 pairs': 16,
        'matmul w2a4 fours': 16,
        'matmul w2a4 copies': 16
      },
      // w3 before it has other bits.
      'matmul fetches': 1,
      'residual values': 16
    })
  })

  it('counts the code of a kernel where another ran before it', () => {
    const fetches = (text: string, part: 'qkv' | 'output' | 'gate' | 'down', layer = 1): number =>
      layerTerms(shape(text), layer, part, 0).get('matmul fetches') ?? 0
    // Attention lies between the values and wo.
    expect((['qkv', 'output', 'gate', 'down'] as const).map((part) => fetches('w8a8', part))).toEqual([
      0, 1, 0, 0
    ])
    expect(fetches('w8a8', 'qkv', 0)).toBe(1)
    expect(fetches('w8a8,1.wk=w4a8', 'qkv')).toBe(2)
    expect(fetches('w8a8,0.w2=w4a8', 'qkv')).toBe(1)
    expect(fetches('w8a8,w3=w2a8', 'gate')).toBe(1)
  })

  it('of a step is that of all layers and of what stands outside them', () => {
    const terms = stepTerms(shape('w8a8'), 3)
    // Per layer three matrices of dim 16, four others, and the classifier.
    expect(terms.get('matmul w8a8 calls')).toBe(2 * 7 + 1)
    expect(terms.get('RMSNorm a8 values')).toBe(5 * 16)
    expect(terms.get('SiLU a8 values')).toBe(2 * 40)
    expect(terms.get('argmax values')).toBe(270)
  })
})

describe('the proxy of a decoder', () => {
  it('predicts decoders it has not seen where costs are sums of work', () => {
    const decoders = measured(40)
    const proxy = fitDecoderProxy(decoders.slice(0, 32).flat())
    for (const sample of decoders.slice(32).flat())
      expect(predictStep(proxy, sample, sample.position) / sample.cost).toBeCloseTo(1, 3)
    expect(Object.values(proxy.costs).every((cost) => cost >= 0)).toBe(true)
  })

  it('has held-out errors as large as the noise', () => {
    const { samples, stepMape, partMape } = holdoutErrors(measured(40, 4))
    // Work that only one sixth of the decoders has is not predicted.
    expect(samples).toBeGreaterThan(140)
    expect(samples).toBeLessThanOrEqual(160)
    // Mean of |N(0, 4 %)| of one part is 3.2 %; a step averages over its parts.
    expect(partMape['gate']).toBeGreaterThan(2)
    expect(partMape['gate']).toBeLessThan(6)
    expect(stepMape).toBeLessThan(partMape['gate']!)
  })

  it('refuses to predict what was never measured, and to fit nothing', () => {
    const decoders = measured(12).flat()
    const eightOnly = decoders.filter(({ scheme }) => scheme.cacheBits === 8)
    const proxy = fitDecoderProxy(eightOnly)
    expect(() => predictStep(proxy, shape('w8a8,kv=4'), 0)).toThrow(
      expect.objectContaining({ code: 'proxy.kernelMissing' })
    )
    const [first] = decoders
    const silent = { ...first!, parts: first!.parts, cost: 0 }
    expect(() => fitDecoderProxy([{ ...silent, parts: Array.from(silent.parts, () => 0) }])).toThrow(
      expect.objectContaining({ code: 'data.missing' })
    )
  })
})
