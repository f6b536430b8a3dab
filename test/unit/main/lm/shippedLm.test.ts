import { beforeAll, describe, expect, it } from 'vitest'
import { createFloatDecoder } from '../../../../src/core/lm/floatDecoder'
import { createIntegerDecoder } from '../../../../src/core/lm/integer/integerDecoder'
import { documentLoss, greedyTokens } from '../../../../src/core/lm/perplexity'
import { decodeTokens } from '../../../../src/core/lm/tokenizer'
import { quantizeBySchemes, type LmOfScheme } from '../../../../src/main/cli/lm/lmInput'
import { loadLm, readDocuments, shippedLm, type LoadedLm } from '../../../../src/main/lm/lmFiles'
import { SimulatedBoard } from '../../core/board/simulatedBoard'
import { simulatedDecoder } from '../../core/lm/board/simulatedDecoder'

/**
 * Of the classes of scripts/train/languageModel.py (PyTorch 1.13, float64) on the shipped checkpoint and texts: tokens of all
 * 600 documents, loss of the first six, and the greedy tokens after "dog:" up to the begin marker.
 */
const ofPyTorch = {
  heldOutTokens: 22442,
  firstSix: { tokens: 415, natsPerToken: 3.3422545932443213 },
  prompt: [1, 362, 492, 276],
  greedy: [328, 341, 476, 339, 328, 341, 476, 353, 396, 321],
  text: ' a part of a particult'
}

describe(`the shipped model ${shippedLm}`, () => {
  let loaded: LoadedLm
  let documents: number[][]
  let quantized: LmOfScheme[]
  beforeAll(async () => {
    loaded = await loadLm({ model: shippedLm }, '.')
    documents = await readDocuments(loaded.textFile, loaded.tokenizer, '--text')
    quantized = await quantizeBySchemes(loaded, ['w8a8', 'w4a8,kv=4'])
  }, 60_000)

  const greedy = (decoder: Parameters<typeof greedyTokens>[0], count: number): number[] => [
    ...greedyTokens(decoder, ofPyTorch.prompt, count, true)
  ]

  it('has the tokens, the loss and the greedy text that PyTorch gives', () => {
    const { sequenceLength } = loaded.model.config
    expect(documents).toHaveLength(600)
    expect(documents.reduce((sum, each) => sum + Math.min(each.length - 1, sequenceLength), 0)).toBe(
      ofPyTorch.heldOutTokens
    )
    const float = createFloatDecoder(loaded.model)
    const losses = documents.slice(0, 6).map((tokens) => documentLoss(float, tokens))
    const [nats, tokens] = [
      losses.reduce((s, each) => s + each.nats, 0),
      losses.reduce((s, each) => s + each.tokens, 0)
    ]
    expect(tokens).toBe(ofPyTorch.firstSix.tokens)
    expect(nats / tokens).toBeCloseTo(ofPyTorch.firstSix.natsPerToken, 9)
    expect(loaded.tokenizer.encode('dog:')).toEqual(ofPyTorch.prompt)
    const found = greedy(float, 24)
    expect(found).toEqual(ofPyTorch.greedy)
    expect(decodeTokens(loaded.tokenizer, 276, found)).toBe(ofPyTorch.text)
  })

  it('continues in integers as it did when it was shipped', () => {
    const [eight, four] = quantized
    // At 8 bits the greedy text is that of float; at 4 bits it leaves it at the fourth token.
    expect(greedy(createIntegerDecoder(eight.lm), 24)).toEqual(ofPyTorch.greedy)
    expect(greedy(createIntegerDecoder(four.lm), 6)).toEqual([328, 341, 476, 353, 396, 405])
  })

  it('gives the same logits on a board, bit for bit', () => {
    const [, { lm }] = quantized
    const host = createIntegerDecoder(lm)
    const board = simulatedDecoder(lm, new SimulatedBoard('mid'))
    expect(board.check()).toBe(0)
    const found = ofPyTorch.prompt.map((token, position) => board.step(token, position))
    for (const [position, token] of ofPyTorch.prompt.entries())
      expect([...found[position].logits]).toEqual(Array.from(host.step(token), (nats) => nats * 65536))
    expect(found.map(({ token }) => token)).toEqual([259, 358, 386, 328])
    // 1/65536 nat, of the first three tokens after "dog:".
    expect([...found[3].logits.subarray(0, 3)]).toEqual([-355937, 71506, -360415])
  })
})
