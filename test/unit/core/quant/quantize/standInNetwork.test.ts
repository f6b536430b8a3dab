import { describe, expect, it } from 'vitest'
import { callsOf } from '@core/deploy/kernelCalls'
import { weightedLayerNames } from '@core/model/graph'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import { standInNetwork } from '@core/quant/quantize/standInNetwork'
import { runInteger } from '@core/quant/integer/runInteger'
import { isWeighted, type IntegerLayer, type QuantizedNetwork } from '@core/quant/quantizedNetwork'
import { schemeWidths, uniformScheme } from '@core/quant/scheme'
import { plainNetwork, residualNetwork, someImages } from '../../../../support/smallNetworks'
import { operatorCases } from '../operatorGraphs'

/** What a layer costs and where it lies. */
const costOf = (layer: IntegerLayer) => ({
  ...{ name: layer.name, op: layer.op, inputs: layer.inputs },
  ...{ inputShape: layer.inputShape, outputShape: layer.outputShape },
  ...{ bits: [layer.input.bits, layer.outBits], calls: callsOf(layer) },
  ...(isWeighted(layer) ? { weights: layer.weights.length, last: layer.last } : {})
})
const costs = (network: QuantizedNetwork) => network.layers.map(costOf)

describe('a network without data', () => {
  it.each([
    ['plain', plainNetwork()],
    ['residual', residualNetwork()]
  ] as const)('has the layers, bits and calls of the %s network at every width', (_, graph) => {
    const calibration = measureActivationRanges(graph, someImages(graph, 8))
    for (const bits of schemeWidths) {
      const scheme = uniformScheme(weightedLayerNames(graph), bits, bits)
      const network = standInNetwork(graph, scheme)
      expect(costs(network)).toEqual(costs(quantizeNetwork(calibration, scheme)))
      for (const layer of network.layers.filter(isWeighted))
        expect(Math.max(...layer.weights)).toBeLessThan(bits === 1 ? 2 : 2 ** (bits - 1))
    }
  })

  it('has them for every operator', () => {
    for (const build of Object.values(operatorCases)) {
      const builder = build(3)
      const graph = builder.done()
      const scheme = uniformScheme(weightedLayerNames(graph), 8, 8)
      const calibrated = quantizeNetwork(measureActivationRanges(graph, builder.pixels(4)), scheme)
      expect(costs(standInNetwork(graph, scheme))).toEqual(costs(calibrated))
    }
  })

  it('computes numbers that depend on its input', () => {
    const graph = plainNetwork()
    const network = standInNetwork(graph, uniformScheme(weightedLayerNames(graph), 8, 8))
    const codes = Int8Array.from(someImages(graph, 2), (pixel) => pixel - 128)
    const outputs = runInteger(network, codes)
    expect(outputs.slice(0, network.outputCount)).not.toEqual(outputs.slice(network.outputCount))
  })
})
