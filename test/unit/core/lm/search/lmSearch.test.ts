import { describe, expect, it } from 'vitest'
import { MonitorClient } from '@core/board/monitorClient'
import { boardPairs, decoderBuild, decoderRamBytes, planDecoder } from '@core/lm/board/decoderProgram'
import { createFloatDecoder } from '@core/lm/floatDecoder'
import { createIntegerDecoder } from '@core/lm/integer/integerDecoder'
import { formatLmScheme, parseLmScheme } from '@core/lm/integer/lmScheme'
import { quantizeLm } from '@core/lm/integer/quantizeLm'
import { observeRanges } from '@core/lm/integer/ranges'
import { predictStep } from '@core/lm/cost/decoderProxy'
import { stepTerms } from '@core/lm/cost/stepTerms'
import { floatLogits, measureDecoder } from '@core/lm/search/lmMeasure'
import { latencyCost, lmSchemeOf, lmSpace, weightCost } from '@core/lm/search/lmSpace'
import { decoderRamCost } from '@core/lm/search/decoderRamCost'
import { createRandom } from '@core/math/random'
import { genesCost } from '@core/search/costs/costTable'
import { randomGenes, schemeOfGenes, uniformGenes } from '@core/search/space'
import { SimulatedBoard } from '../../board/simulatedBoard'
import { decoderBinary } from '../board/simulatedDecoder'
import { randomLm, tinyConfig } from '../../../../support/randomLm'

const model = randomLm(tinyConfig, 5)
const documents = [
  [1, 200, 45, 7],
  [1, 33, 8]
]

/** Logarithms of a softmax, without the shift that the product makes. */
const logSoftmax = (logits: ArrayLike<number>): number[] => {
  const whole = Math.log(Array.from(logits).reduce((sum, each) => sum + Math.exp(each), 0))
  return Array.from(logits, (each) => each - whole)
}

describe('the distance of a decoder from float', () => {
  it('is none for float itself', () => {
    const float = floatLogits(createFloatDecoder(model), documents)
    const { kl, mse } = measureDecoder(createFloatDecoder(model), float)
    expect(kl).toBeLessThan(1e-6)
    expect(mse).toBeLessThan(1e-9)
  })

  it('refuses more documents than memory holds, before it runs them', () => {
    const config = { ...tinyConfig, vocabulary: 2 ** 27 }
    const step = () => expect.unreachable('nothing may be run')
    const decoder = { ...createFloatDecoder(model), config, step }
    expect(() => floatLogits(decoder, documents)).toThrow(/2 documents take .* of log-probabilities/)
  })

  it('is the mean over tokens of what the definitions give', () => {
    const lm = quantizeLm(model, parseLmScheme('w4a8', tinyConfig), observeRanges(model, documents, 9))
    const found = measureDecoder(createIntegerDecoder(lm), floatLogits(createFloatDecoder(model), documents))
    let [kl, cross, right] = [0, 0, 0]
    for (const document of documents) {
      const [float, integer] = [createFloatDecoder(model), createIntegerDecoder(lm)]
      for (let at = 0; at + 1 < document.length; at++) {
        const [p, q] = [logSoftmax(float.step(document[at]!)), logSoftmax(integer.step(document[at]!))]
        kl += p.reduce((sum, each, token) => sum + Math.exp(each) * (each - q[token]!), 0) / 5
        cross -= q[document[at + 1]!]! / 5
        if (q.indexOf(Math.max(...q)) === document[at + 1]) right++
      }
    }
    // Float's logarithms are kept as float32.
    expect(found.kl).toBeCloseTo(kl, 5)
    expect(found.crossEntropy).toBeCloseTo(cross, 9)
    expect(found.accuracy).toBe(right / 5)
    expect(found.kl).toBeGreaterThan(0.01)
  })
})

describe('the weight bits of a decoder as a search space', () => {
  const space = lmSpace(tinyConfig, weightCost(tinyConfig))

  it('has every matrix, activations pinned to 8 bits', () => {
    expect(space.layers).toHaveLength(2 * 7 + 1)
    expect(space.layers.slice(0, 2)).toEqual(['0.wq', '0.wk'])
    expect(space.choices.filter((_, at) => at % 2 === 1).every((genes) => genes.length === 1)).toBe(true)
    const scheme = schemeOfGenes(space, uniformGenes(space, 1, 0))
    expect(formatLmScheme(lmSchemeOf(tinyConfig, scheme, 4))).toBe('w4a8,kv=4')
  })

  it('costs bytes of weights, half of them at 4 bits', () => {
    const [cost] = space.costs
    // Two layers of 2 x 256 + 2 x 128 + 3 x 640 weights, and 270 x 16.
    expect(cost!.of(uniformGenes(space, 0, 0))).toBe(2 * 2688 + 4320)
    expect(cost!.of(uniformGenes(space, 1, 0))).toBe((2 * 2688 + 4320) / 2)
  })

  it('costs what the proxy predicts for the whole step', () => {
    const names = ['w8a8', 'w4a8', 'w2a8'].flatMap((text) => [
      ...stepTerms({ config: tinyConfig, scheme: parseLmScheme(text, tinyConfig) }, 0).keys()
    ])
    // Reading the token's row is taken as that of 8 bits.
    const costs = Object.fromEntries(
      names.map((name, at) => [name, name.startsWith('gather') ? 5 : 1 + (at % 7)])
    )
    const latency = lmSpace(tinyConfig, latencyCost(tinyConfig, { costs }, { cacheBits: 8, unit: 'cycles' }))
    const random = createRandom(2)
    for (let drawn = 0; drawn < 5; drawn++) {
      const genes = randomGenes(latency, random)
      const scheme = lmSchemeOf(tinyConfig, schemeOfGenes(latency, genes), 8)
      expect(latency.costs[0]!.of(genes)).toBeCloseTo(
        predictStep({ costs }, { config: tinyConfig, scheme }, 12),
        6
      )
    }
  })
})

describe('the RAM of a board as a cost', () => {
  const info = new SimulatedBoard('small').converse(new MonitorClient().hello(7))
  const code = decoderBinary(decoderBuild(info))

  it.each([true, false])('is what the plan takes, for schemes by chance (tied: %s)', (tied) => {
    const config = { ...tinyConfig, tied }
    const own = randomLm(config, 8)
    const ranges = observeRanges(own, documents, 9)
    const bytesOf = (text: string): number =>
      decoderRamBytes(quantizeLm(own, parseLmScheme(text, config), ranges), info, code)
    const cost = decoderRamCost(config, { int8Bytes: bytesOf('w8a8'), findPair: boardPairs(info) })
    const space = lmSpace(config, cost)
    const random = createRandom(4)
    for (const genes of [
      uniformGenes(space, 0, 0),
      ...Array.from({ length: 12 }, () => randomGenes(space, random))
    ]) {
      const scheme = lmSchemeOf(config, schemeOfGenes(space, genes), 8)
      expect(cost.of(genes)).toBe(bytesOf(formatLmScheme(scheme)))
      expect(genesCost(cost.table!, genes)).toBeLessThanOrEqual(cost.of(genes))
    }
    const { freeBytes } = planDecoder(quantizeLm(own, parseLmScheme('w8a8', config), ranges), info, code)
    expect(cost.of(uniformGenes(space, 0, 0))).toBe(info.ram.high - info.ram.low - freeBytes)
  })

  it('is none of a model with more tokens than the decoder program can name', () => {
    const ranges = observeRanges(model, documents, 9)
    const lm = quantizeLm(model, parseLmScheme('w8a8', model.config), ranges)
    const large = { ...lm, config: { ...lm.config, vocabulary: 65_537 } }
    expect(() => decoderRamBytes(large, info, code)).toThrow('takes up to 65536')
  })
})
