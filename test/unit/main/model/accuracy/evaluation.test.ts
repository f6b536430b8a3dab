import { describe, expect, it } from 'vitest'
import { weightedLayerNames } from '@core/model/graph'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { evaluationModel, levelsOfPixels } from '@core/quant/integer/evaluationModel'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import { argmax, codesOfPixels, runInteger } from '@core/quant/integer/runInteger'
import type { QuantizedNetwork } from '@core/quant/quantizedNetwork'
import { parseScheme, type Scheme, uniformScheme } from '@core/quant/scheme'
import { openOrtSession, realTensor, tensorReals } from '@main/model/onnxruntime/ortSession'
import { schemeScores } from '@main/model/accuracy/schemeAccuracy'
import { plainNetwork, residualNetwork, someImages } from '../../../../support/smallNetworks'

/** Logits of the float graph, which networks with operators beyond bytes run as. */
async function floatGraphScores(network: QuantizedNetwork, pixels: Uint8Array, count: number) {
  const session = await openOrtSession(evaluationModel(network))
  const [height, width, channels] = network.inputShape
  const levels = realTensor(levelsOfPixels(network, pixels), [count, channels, height, width])
  const scores = tensorReals((await session.run({ levels }))['logits']!)
  await session.release()
  return scores
}

/** The evaluators must agree: onnxruntime over bytes, onnxruntime over float32 and the integer reference. */
describe.each([
  ['plain', plainNetwork(), 'w8a8,w4a2,w1a1,w2a4'],
  ['residual', residualNetwork(), 'w8a8,w4a1,w2a8,w1a2']
] as const)('evaluation of the %s network', (_, graph, mixed) => {
  const layers = weightedLayerNames(graph)
  const calibration = measureActivationRanges(graph, someImages(graph, 48))
  const pixels = someImages(graph, 120, 99)
  const schemes: Scheme[] = [
    ...([8, 6, 4, 3, 2, 1] as const).map((bits) => uniformScheme(layers, bits, bits)),
    parseScheme(mixed, layers)
  ]

  it('gives the integer reference’s logits at every width', async () => {
    for (const scheme of schemes) {
      const network = quantizeNetwork(calibration, scheme)
      const reference = runInteger(network, codesOfPixels(pixels))
      const overBytes = await schemeScores(network, { count: 120, pixels, labels: new Uint8Array(120) })
      for (const scores of [overBytes, await floatGraphScores(network, pixels, 120)]) {
        expect(scores.length).toBe(reference.length)
        let winners = 0
        let equal = 0
        const classes = network.outputCount
        for (let image = 0; image < 120; image++) {
          const [from, to] = [image * classes, (image + 1) * classes]
          if (argmax(scores.subarray(from, to)) === argmax(reference.subarray(from, to))) winners++
          if (scores.subarray(from, to).every((score, at) => score === reference[from + at])) equal++
        }
        // A sum exactly on a code boundary may round differently in float32; it is rare.
        expect(winners).toBeGreaterThanOrEqual(119)
        expect(equal).toBeGreaterThanOrEqual(114)
      }
    }
  })
})
