import { describe, expect, it } from 'vitest'
import * as config from '@core/lm/config'
import type { Decoder } from '@core/lm/floatDecoder'
import { perplexityOf, perplexityRatio } from '@core/lm/lossInterval'
import { documentLoss, greedyTokens, tokenLoss } from '@core/lm/perplexity'
import { lmSchemeOf, lmSpace, weightCost } from '@core/lm/search/lmSpace'
import { formatLmScheme, parseLmScheme, uniformLmScheme } from '@core/lm/integer/lmScheme'
import { logistic, partExponents, wholeExponents } from '@core/lm/integer/lmTables'
import { schemeOfGenes } from '@core/search/space'

/** Sizes, losses and schemes of a decoder, by hand. */
const sizes: config.LmConfig = {
  ...{ dim: 8, hiddenDim: 20, layers: 2, heads: 4, kvHeads: 2, vocabulary: 30, sequenceLength: 5, tied: true }
}

describe('sizes of a decoder', () => {
  it('give matrices, heads and parameters', () => {
    expect([config.headSize(sizes), config.kvDim(sizes)]).toEqual([2, 4])
    expect([0, 1, 2, 3].map((head) => config.kvHeadOf(sizes, head))).toEqual([0, 0, 1, 1])
    expect(
      config.matrixNames.map((name) => Object.values(config.matrixShape(sizes, name)).join('x'))
    ).toEqual([...['8x8', '4x8', '4x8', '8x8', '20x8', '8x20', '20x8']])
    // A layer: 2 norms of 8, 64 + 32 + 32 + 64, 3 x 160; then a norm and the table of 30 x 8.
    expect(config.parameterCount(sizes)).toBe(2 * (16 + 192 + 480) + 8 + 240)
    expect(config.parameterCount({ ...sizes, tied: false })).toBe(2 * 688 + 8 + 480)
    expect([config.normEpsilon(sizes), config.normEpsilon({ ...sizes, epsilon: 0.25 })]).toEqual([1e-5, 0.25])
  })

  it('are refused one beyond their limits, and where heads do not divide', () => {
    const isFine = (more: Partial<config.LmConfig>): boolean => {
      try {
        config.checkDecoderConfig({ ...sizes, ...more })
        return true
      } catch (error) {
        expect(error).toMatchObject({ code: 'model.invalid' })
        return false
      }
    }
    for (const [name, limit] of Object.entries(config.maxSizes)) {
      if (['dim', 'heads', 'kvHeads'].includes(name)) continue
      expect(
        [1, limit, 0, limit + 1, 2.5].map((value) => isFine({ [name]: value })),
        name
      ).toEqual([true, true, false, false, false])
    }
    expect([isFine({ dim: 8192 }), isFine({ dim: 8200 }), isFine({ dim: 10 }), isFine({ dim: 12 })]).toEqual([
      true,
      false,
      false,
      false
    ])
    expect([
      isFine({ kvHeads: 4 }),
      isFine({ kvHeads: 3 }),
      isFine({ kvHeads: 1 }),
      isFine({ heads: 2 })
    ]).toEqual([true, false, true, true])
  })
})

/** A decoder that prefers the token after the one it read, and counts its steps. */
function counting(): Decoder {
  let at = 0
  return {
    config: sizes,
    reset: () => void (at = 0),
    position: () => at,
    step(token: number) {
      at++
      const logits = new Float32Array(sizes.vocabulary)
      logits[(token + 1) % sizes.vocabulary] = 2
      return logits
    }
  } as unknown as Decoder
}

describe('losses of tokens', () => {
  it('are -log of the share, summed over a document as far as the sequence goes', () => {
    expect(tokenLoss([0, 0, 0, 0], 2)).toBeCloseTo(Math.log(4), 12)
    expect(tokenLoss([1000, 0], 1)).toBe(1000)
    const [hit, miss] = [Math.log(29 + Math.exp(2)) - 2, Math.log(29 + Math.exp(2))]
    const found = documentLoss(counting(), [1, 2, 3, 9])
    expect(found.tokens).toBe(3)
    expect(found.nats).toBeCloseTo(2 * hit + miss, 5)
    // Eight tokens: five steps of the sequence.
    expect(documentLoss(counting(), [1, 2, 3, 4, 5, 6, 7, 8]).tokens).toBe(5)
    expect(documentLoss(counting(), [1])).toEqual({ nats: 0, tokens: 0 })
  })

  it('of documents are weighted by tokens; a ratio is that of the same documents', () => {
    const losses = [
      { nats: 2, tokens: 1 },
      { nats: 3, tokens: 3 }
    ]
    const found = perplexityOf(losses, 1)
    expect([found.tokens, found.natsPerToken]).toEqual([4, 1.25])
    expect(found.perplexity).toBeCloseTo(Math.exp(1.25), 12)
    // Draws of two documents: both the first, both the second, or one of each.
    expect([found.low, found.high]).toEqual([Math.exp(1), Math.exp(2)])
    const ratio = perplexityRatio(
      losses,
      [
        { nats: 1, tokens: 1 },
        { nats: 3, tokens: 3 }
      ],
      1
    )
    expect(ratio.ratio).toBeCloseTo(Math.exp(0.25), 12)
    expect([ratio.low, ratio.high]).toEqual([1, Math.exp(1)])
  })
})

describe('greedy tokens', () => {
  const list = (...of: Parameters<typeof greedyTokens>): number[] => [...greedyTokens(...of)]
  it('go on behind the prompt until their number, the sequence, or a new text', () => {
    expect(list(counting(), [5], 3)).toEqual([6, 7, 8])
    // One step of the prompt, four of its own; the fifth token needs none.
    expect(list(counting(), [5], 99)).toEqual([6, 7, 8, 9, 10])
    expect(list(counting(), [5, 9], 99)).toEqual([10, 11, 12, 13])
    expect(list(counting(), [5], 0)).toEqual([])
    // 29, 0, then token 1 begins a text.
    expect(list(counting(), [28], 9, true)).toEqual([29, 0])
    expect(list(counting(), [28], 4, false)).toEqual([29, 0, 1, 2])
  })
})

describe('schemes of a decoder', () => {
  it('are searched matrix by matrix in 8, 4 and 2 bits, and cost their bytes', () => {
    const cost = weightCost(sizes)
    const space = lmSpace(sizes, cost)
    expect(space.layers.length).toBe(15)
    expect(space.layers[7]).toBe('1.wq')
    expect(space.macs.slice(0, 7)).toEqual([64, 32, 32, 64, 160, 160, 160])
    const genes = Uint8Array.from({ length: 30 }, () => 0)
    expect(cost.of(genes)).toBe(2 * 672 + 240)
    // 4 bits for 0.w1, 2 bits for cls.
    genes[8] = space.widths.indexOf(4)
    genes[28] = space.widths.indexOf(2)
    expect(cost.of(genes)).toBe(2 * 672 + 240 - 80 - 180)
    const scheme = lmSchemeOf(sizes, schemeOfGenes(space, genes), 4)
    expect(formatLmScheme(scheme)).toBe('w8a8,0.w1=w4a8,cls=w2a8,kv=4')
    expect(parseLmScheme('w8a8,0.w1=w4a8,cls=w2a8,kv=4', sizes)).toEqual(scheme)
    expect(formatLmScheme(uniformLmScheme(sizes, 1, 4, 8))).toBe('w1a4')
  })

  it('have tables of exponents and of the logistic function in 1/32768', () => {
    expect([wholeExponents.length, wholeExponents[0], wholeExponents[1]]).toEqual([16, 32_768, 12_055])
    expect([partExponents.length, partExponents[0], partExponents[255]]).toEqual([256, 32_768, 12_102])
    // Symmetric about 0: neighbours of the middle sum to 1.
    for (const at of [0, 100, 511]) expect(logistic[at]! + logistic[1023 - at]!).toBe(32_768)
    expect(logistic[512]).toBe(Math.round(32_768 / (1 + Math.exp(-0.5 / 64))))
  })
})
