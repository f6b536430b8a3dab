import { describe, expect, it } from 'vitest'
import { callsOf } from '@core/deploy/kernelCalls'
import { weightedLayerNames } from '@core/model/graph'
import { isPossible, shapeWork } from '@core/kernel/shape'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import type { Conv2dLayer, IntegerLayer } from '@core/quant/quantizedNetwork'
import { uniformScheme } from '@core/quant/scheme'
import { operatorChain } from '../quant/operatorGraphs'
import { everyOperator } from './randomNetwork'

const weightlessBits = { activationBits: 8, weightBits: 0, scale: 1 }

describe('what a layer costs in calls the board can measure', () => {
  it('is never nothing but for codes that stay where they are, and always a shape bench takes', () => {
    const builder = operatorChain(5)
    const graph = builder.done()
    const calibration = measureActivationRanges(graph, builder.pixels(4))
    const network = quantizeNetwork(calibration, uniformScheme(weightedLayerNames(graph), 8, 8))
    for (const layer of network.layers) {
      const { inner, others } = callsOf(layer)
      const calls = inner === null ? others : [inner, ...others]
      expect(calls.every(isPossible), layer.name).toBe(true)
      expect(calls.length > 0, layer.name).toBe(layer.op !== 'flatten')
    }
  })

  it('takes a window that is not square as a matrix product of as many taps', () => {
    const conv = everyOperator(1).network.layers.find(({ op }) => op === 'conv2d') as Conv2dLayer
    const [outH, outW, outC] = conv.outputShape
    const [, , channels] = conv.inputShape
    const wide = { ...conv, kernel: [1, 7] as const, weights: new Int8Array(outC * 7 * channels) }
    expect(callsOf(wide).inner).toMatchObject({ kernel: 'matmul', dims: [outH * outW, outC, 7 * channels] })
    const dilated = { ...conv, dilation: [2, 2] as const }
    expect(shapeWork(callsOf(dilated).inner!).macs).toBe(outH * outW * conv.weights.length)
  })

  it('counts a large sum in pieces', () => {
    const shape = [300, 300, 2] as const
    const layer = {
      op: 'add',
      inputShape: shape,
      outputShape: shape,
      input: { bits: 8 },
      outBits: 8
    } as IntegerLayer
    expect(callsOf(layer).others).toEqual([
      { kernel: 'add', dims: [65_535], ...weightlessBits },
      { kernel: 'add', dims: [65_535], ...weightlessBits },
      { kernel: 'add', dims: [48_930], ...weightlessBits }
    ])
  })
})
