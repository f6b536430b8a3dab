import { describe, expect, it } from 'vitest'
import { weightedLayerNames } from '@core/model/graph'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import { codesOfPixels, runInteger } from '@core/quant/integer/runInteger'
import { buildRetrainedLayer, retrainingStart } from '@core/quant/quantize/retraining'
import { parseScheme } from '@core/quant/scheme'
import { exportOnnx } from '@core/model/onnx/exportOnnx'
import { measureScores } from '@core/model/scoreMeasure'
import { countCorrect, floatScores } from '@main/model/accuracy/floatAccuracy'
import { openOrtSession } from '@main/model/onnxruntime/ortSession'
import { schemeRealScores } from '@main/model/accuracy/schemeAccuracy'
import { train } from '@main/model/training/trainer'
import { distillSettings, epochsOf, retrain, usualSettings } from '@main/model/training/retrain'
import type { ImageLibrary } from '@main/model/data/imageLibrary'
import { plainNetwork, residualNetwork, someImages } from '../../../support/smallNetworks'

describe.each([
  ['plain', plainNetwork(), 'w8a8,w2a2,w1a1,w2a4'],
  ['residual', residualNetwork(), 'w8a8,w2a2,w1a2,w2a4']
] as const)('retraining of the %s network', (_, graph, text) => {
  const fitted = quantizeNetwork(
    measureActivationRanges(graph, someImages(graph, 48)),
    parseScheme(text, weightedLayerNames(graph))
  )

  it('starts from the very network that was fitted', () => {
    const start = retrainingStart(graph, fitted)
    for (const layer of fitted.layers) {
      if (!('weights' in layer)) continue
      const index = graph.nodes.findIndex(({ name }) => name === layer.name)
      const again = buildRetrainedLayer(start.graph, index, layer, undefined)
      expect(again.weights).toEqual(layer.weights)
      expect(again.mult).toEqual(layer.mult)
      for (const [channel, bias] of again.bias.entries()) {
        // The bias passes through float32 on its way.
        expect(Math.abs(bias - layer.bias[channel]!)).toBeLessThanOrEqual(
          1 + 1e-6 * Math.abs(layer.bias[channel]!)
        )
      }
    }
  })
})

describe('the length of a retraining', () => {
  it('is as many images as are wanted, of a large set less than an epoch', () => {
    expect([3_000, 60_000, 300_000].map((seen) => epochsOf(seen, 60_000))).toEqual([0.05, 1, 5])
    expect(epochsOf(60_000, 58_000)).toBe(1)
    expect(epochsOf(60_000, 120_000)).toBe(0.5)
  })
})

/** Class = the quadrant with the largest sum. */
function brightestQuadrant(pixels: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: pixels.length / 64 }, (_, image) => {
    const sums = [0, 0, 0, 0]
    for (let at = 0; at < 64; at++) {
      const quadrant = 2 * (at >> 5) + ((at & 7) >> 2)
      sums[quadrant] = sums[quadrant]! + pixels[image * 64 + at]!
    }
    return sums.indexOf(Math.max(...sums))
  })
}

const context = {
  signal: new AbortController().signal,
  progress: () => undefined,
  yieldToAbort: async () => undefined
}

/** A trained network at 2 bits that was fitted on three images. */
async function lowBitNetwork() {
  const first = plainNetwork(40)
  const pixels = someImages(first, 300, 31)
  const labels = brightestQuadrant(pixels)
  const images = { count: 300, pixels, labels }
  const graph = await train(first, images, {
    optimizer: { kind: 'momentum' as const, momentum: 0.9, decay: 1e-4 },
    epochs: 25,
    batch: 30,
    rateAt: () => 0.03,
    seed: 3,
    augment: null
  })
  const library: ImageLibrary = {
    name: 'drawn',
    origin: 'this test',
    sizes: async () => [],
    shape: async () => [8, 8, 1],
    load: async () => images,
    hasFullSet: () => false,
    loadFullTraining: async () => images
  }
  const fitted = quantizeNetwork(
    // Three images fit little: there is something left to learn.
    measureActivationRanges(graph, pixels.subarray(0, 3 * 64)),
    parseScheme('w8a8,w2a2,w2a2,w2a2', weightedLayerNames(graph))
  )
  return { graph, images, library, fitted }
}

describe('retraining', () => {
  it('brings a low-bit network closer to its teacher and is repeatable', async () => {
    const { graph, images, library, fitted } = await lowBitNetwork()
    const { pixels, labels } = images
    const settings = { ...usualSettings, imagesSeen: 15_000, augment: null }
    const trained = await retrain({ graph, library }, fitted, context, settings)
    const correct = (network: typeof fitted): number =>
      countCorrect(runInteger(network, codesOfPixels(pixels)), labels)
    expect(correct(trained)).toBeGreaterThan(correct(fitted))
    expect(await retrain({ graph, library }, fitted, context, settings)).toEqual(trained)
  }, 300_000)

  it('without labels brings it closer too, whatever the labels say', async () => {
    const { graph, images, library, fitted } = await lowBitNetwork()
    const { pixels, labels } = images
    const unlabelled = { ...images, labels: new Uint8Array(300) }
    const blind = { ...library, load: async () => unlabelled, loadFullTraining: async () => unlabelled }
    const blindSettings = { ...distillSettings, imagesSeen: 4500, augment: null }
    const distilled = await retrain({ graph, library: blind }, fitted, context, blindSettings)
    expect(await retrain({ graph, library }, fitted, context, blindSettings)).toEqual(distilled)
    const teacher = await openOrtSession(exportOnnx(graph))
    const held = { count: 150, pixels: pixels.subarray(150 * 64), labels: labels.subarray(150) }
    const float = await floatScores(teacher, graph, held)
    await teacher.release()
    const kl = async (network: typeof fitted): Promise<number> =>
      measureScores(await schemeRealScores(network, held), float, held.labels).kl
    expect(await kl(distilled)).toBeLessThan(await kl(fitted))
    // Scales of weights were trained, but for the last layer's, which its outputs are compared by.
    const scalesOf = (network: typeof fitted) =>
      network.layers.flatMap((layer) => ('weightScale' in layer ? [Array.from(layer.weightScale)] : []))
    expect(scalesOf(distilled).at(-1)).toEqual(scalesOf(fitted).at(-1))
    expect(scalesOf(distilled)[1]).not.toEqual(scalesOf(fitted)[1])
  }, 300_000)
})
