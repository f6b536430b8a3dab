import { describe, expect, it } from 'vitest'
import { perplexityOf, perplexityRatio } from '../../../../src/core/lm/lossInterval'
import { createRandom } from '../../../../src/core/math/random'

describe('perplexity of documents', () => {
  it('weighs documents by their tokens', () => {
    const { natsPerToken, perplexity, tokens } = perplexityOf(
      [
        { nats: 3, tokens: 1 },
        { nats: 3, tokens: 2 }
      ],
      1
    )
    expect([natsPerToken, tokens]).toEqual([2, 3])
    expect(perplexity).toBeCloseTo(Math.exp(2), 12)
  })

  it('has an interval of no width when all documents are alike', () => {
    const { low, high } = perplexityOf(Array(9).fill({ nats: 4, tokens: 2 }), 1)
    expect([low, high]).toEqual([Math.exp(2), Math.exp(2)])
  })

  it('covers the true mean about 95 times in 100', () => {
    const random = createRandom(2)
    let covered = 0
    for (let round = 0; round < 100; round++) {
      const losses = Array.from({ length: 60 }, () => ({
        nats: 10 * (2 + 0.5 * random.normal()),
        tokens: 10
      }))
      const { low, high } = perplexityOf(losses, round)
      if (low <= Math.exp(2) && Math.exp(2) <= high) covered++
    }
    expect(covered).toBeGreaterThan(86)
    expect(covered).toBeLessThan(100)
  })

  it('compares the same documents pair by pair', () => {
    const random = createRandom(2)
    const reference = Array.from({ length: 40 }, () => ({ nats: 20 + 5 * random.normal(), tokens: 10 }))
    const worse = reference.map(({ nats, tokens }) => ({ nats: nats + 1, tokens }))
    const { ratio, low, high } = perplexityRatio(worse, reference, 3)
    for (const value of [ratio, low, high]) expect(value).toBeCloseTo(Math.exp(0.1), 9)
  })
})
