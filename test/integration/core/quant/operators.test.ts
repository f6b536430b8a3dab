import { describe, expect, it } from 'vitest'
import { sizeOf, weightedLayerNames } from '../../../../src/core/model/graph'
import { storagePlaces } from '../../../../src/core/model/storage'
import { measureActivationRanges } from '../../../../src/core/quant/quantize/calibration'
import { hwcWeights } from '../../../../src/core/quant/hwcGraph'
import { quantizeNetwork } from '../../../../src/core/quant/quantize/quantizeNetwork'
import { createFloatRunner, realsOfPixels } from '../../../../src/core/quant/runFloat'
import { argmax, codesOfPixels, runInteger } from '../../../../src/core/quant/integer/runInteger'
import type { QuantizedNetwork } from '../../../../src/core/quant/quantizedNetwork'
import { uniformScheme } from '../../../../src/core/quant/scheme'
import { openNetworkBoard } from '../../../unit/core/board/networkOnBoard'
import { operatorCases, operatorChain, type GraphBuilder } from '../../../unit/core/quant/operatorGraphs'

const images = 24
const onBoard = openNetworkBoard('small')

/** The float outputs in ONNX order, and the integer ones as real numbers. */
function bothResults(builder: GraphBuilder): {
  real: Float32Array
  network: QuantizedNetwork
  integers: Int32Array
} {
  const graph = builder.done()
  const pixels = builder.pixels(images)
  const calibration = measureActivationRanges(graph, pixels)
  const network = quantizeNetwork(calibration, uniformScheme(weightedLayerNames(graph), 8, 8))
  const runner = createFloatRunner(graph, hwcWeights(graph))
  const places = storagePlaces(graph.nodes[graph.output]!.outputShape)
  const size = sizeOf(graph.inputShape)
  const real = new Float32Array(images * places.length)
  for (let image = 0; image < images; image++) {
    const reals = realsOfPixels(graph, pixels.subarray(image * size, (image + 1) * size))
    const out = runner.run(reals)[graph.output]!
    for (const [at, place] of places.entries()) real[image * places.length + at] = out[place]!
  }
  return { real, network, integers: runInteger(network, codesOfPixels(pixels)) }
}

describe.each(Object.entries(operatorCases))('%s', (_, build) => {
  it('is near the float result in 8-bit integers', () => {
    for (const seed of [1, 2, 3]) {
      const { real, network, integers } = bothResults(build(seed))
      const scale = network.layers.at(-1)!.outScale
      let signal = 0
      let noise = 0
      for (let at = 0; at < real.length; at++) {
        signal += real[at]! ** 2
        noise += (real[at]! - integers[at]! * scale) ** 2
      }
      // 26 dB is a twentieth of the signal; eight bits give 40 dB and more where ranges are even.
      expect(10 * Math.log10(signal / noise), `seed ${seed}`).toBeGreaterThan(26)
    }
  })

  it('gives the same integers on the board', () => {
    for (const seed of [4, 5]) {
      const builder = build(seed)
      const { network } = bothResults(builder)
      const codes = codesOfPixels(builder.pixels(1))
      const expected = runInteger(network, codes)
      expect([...onBoard(network, codes)]).toEqual([...expected, argmax(expected)])
      expect(new Set(expected).size).toBeGreaterThan(3)
    }
  })
})

describe('all of them in one network', () => {
  it('gives the same integers on the board', () => {
    const builder = operatorChain(7)
    const { network } = bothResults(builder)
    const codes = codesOfPixels(builder.pixels(1))
    const expected = runInteger(network, codes)
    expect([...onBoard(network, codes)]).toEqual([...expected, argmax(expected)])
    expect(new Set(network.layers.map(({ op }) => op)).size).toBeGreaterThan(12)
  })
})
