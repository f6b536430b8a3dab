import { beforeAll, describe, expect, it } from 'vitest'
import { createFloatDecoder } from '../../../../src/core/lm/floatDecoder'
import { createIntegerDecoder } from '../../../../src/core/lm/integer/integerDecoder'
import { documentLoss, greedyTokens } from '../../../../src/core/lm/perplexity'
import { decodeTokens } from '../../../../src/core/lm/tokenizer'
import { continueText, type TextStep } from '../../../../src/main/lm/continueText'
import { quantizeBySchemes, type LmOfScheme } from '../../../../src/main/lm/lmSchemes'
import { loadLm, readDocuments, shippedLm, type LoadedLm } from '../../../../src/main/lm/lmFiles'
import { onnxAccess } from '../../../../src/main/model/files/onnxAccess'
import { SimulatedBoard } from '../../../unit/core/board/simulatedBoard'
import { simulatedDecoder } from '../../../unit/core/lm/board/simulatedDecoder'

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

/** The first two are those of the fixed tokens below. */
const schemes = ['w8a8', 'w4a8,kv=4', 'w4a8,w2=w8a8,0.wo=w2a8,cls=w8a8', 'w4a8', 'w8a8,kv=4']

describe(`the shipped model ${shippedLm}`, () => {
  let loaded: LoadedLm
  let documents: number[][]
  let quantized: LmOfScheme[]
  beforeAll(async () => {
    loaded = await loadLm({ model: shippedLm }, '.', onnxAccess)
    documents = await readDocuments(loaded.textFile, loaded.tokenizer, '--text')
    quantized = await quantizeBySchemes(loaded, schemes)
  }, 300_000)

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

  // `npm run bench:lm` does the same up to the end of the sequence.
  it.each(schemes)(
    'makes the same greedy tokens on a board as on the host: %s',
    async (scheme) => {
      const { lm } = quantized[schemes.indexOf(scheme)]
      const board = simulatedDecoder(lm, new SimulatedBoard('mid', undefined, undefined, false))
      const { signal } = new AbortController()
      const session = {
        step: async (token: number, position: number) => counted(board.step(token, position))
      }
      const steps: TextStep[] = []
      const options = { tokens: 16, toTheEnd: true, signal }
      const prompted = loaded.tokenizer.encode('to run:')
      for await (const step of continueText(
        session,
        createIntegerDecoder(lm),
        loaded.tokenizer,
        prompted,
        options
      ))
        steps.push(step)
      expect(steps).toHaveLength(prompted.length - 1 + 16)
      expect(steps.filter(({ forced }) => forced)).toHaveLength(prompted.length - 1)
      expect(steps.filter(({ equal }) => !equal)).toEqual([])
      // The same text, token by token, of the host alone.
      expect(steps.slice(prompted.length - 1).map(({ token }) => token)).toEqual([
        ...greedyTokens(createIntegerDecoder(lm), prompted, 16)
      ])
    },
    300_000
  )
})

const counted = ({ token, instructions }: { token: number; instructions: number }) => ({
  token,
  instructions,
  cycles: instructions
})
