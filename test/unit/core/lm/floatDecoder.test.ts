import { describe, expect, it } from 'vitest'
import { createFloatDecoder } from '../../../../src/core/lm/floatDecoder'
import { documentLoss, greedyTokens, tokenLoss } from '../../../../src/core/lm/perplexity'
import { randomLm, tinyConfig } from '../../../support/randomLm'

/** Logits after tokens 1, 200, 45 and 21 greedy tokens of llama2.c's run.c (commit 350e04f) on the same checkpoints. */
const ofRunC = {
  tied: [-1.92754, 3.46533, 0.95126, -2.7008, -0.62515, -2.15476],
  untied: [-4.14151, -3.69372, 2.08641, -4.94121, 3.02457, -6.46622],
  greedy: [111, 3, 248, 138, 102, 212, 149, 229, 112, 183, 197, 22, 109, 183, 197, 22, 268, 62, 62, 230, 261]
}
const prompt = [1, 200, 45]

describe('float decoder', () => {
  it.each([
    [true, ofRunC.tied],
    [false, ofRunC.untied]
  ])('gives the logits of llama2.c (tied: %s)', (tied, expected) => {
    const decoder = createFloatDecoder(randomLm({ ...tinyConfig, tied }, 5))
    let logits = new Float64Array()
    for (const token of prompt) logits = decoder.step(token) as typeof logits
    expected.forEach((value, index) => expect(logits[index]).toBeCloseTo(value, 4))
  })

  it('gives the greedy tokens of llama2.c, also after a reset', () => {
    const decoder = createFloatDecoder(randomLm({ ...tinyConfig, tied: false }, 5))
    expect([...greedyTokens(decoder, prompt, 21)]).toEqual(ofRunC.greedy)
    expect([...greedyTokens(decoder, prompt, 8)]).toEqual(ofRunC.greedy.slice(0, 8))
  })

  it('ends with the sequence and refuses steps and tokens beyond', () => {
    const decoder = createFloatDecoder(randomLm(tinyConfig, 5))
    // 24 positions: 3 of the prompt, and the last token is made at the last position
    expect([...greedyTokens(decoder, prompt, 99)]).toHaveLength(22)
    expect(() => decoder.step(1)).toThrow(/full: 24/)
    decoder.reset()
    expect(() => decoder.step(270)).toThrow(/no token 270/)
    expect(() => decoder.step(0.5)).toThrow(RangeError)
  })

  it('sums the loss of a document token by token', () => {
    const model = randomLm(tinyConfig, 5)
    const decoder = createFloatDecoder(model)
    const first = tokenLoss(decoder.step(1), 200)
    const second = tokenLoss(decoder.step(200), 45)
    expect(documentLoss(createFloatDecoder(model), prompt)).toEqual({ nats: first + second, tokens: 2 })
    expect(documentLoss(decoder, [1])).toEqual({ nats: 0, tokens: 0 })
    expect(documentLoss(decoder, Array(99).fill(7)).tokens).toBe(24)
  })

  it('measures a uniform distribution as the logarithm of its size', () => {
    expect(tokenLoss([0, 0, 0, 0], 2)).toBeCloseTo(Math.log(4), 12)
    expect(tokenLoss([1000, 0], 0)).toBe(0)
  })
})
