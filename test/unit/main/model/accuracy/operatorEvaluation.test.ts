import { describe, expect, it } from 'vitest'
import { weightedLayerNames } from '@core/model/graph'
import { evaluationModel, levelsOfPixels } from '@core/quant/integer/evaluationModel'
import { codesOfPixels, runInteger } from '@core/quant/integer/runInteger'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import { uniformScheme } from '@core/quant/scheme'
import { openOrtSession, tensorReals, realTensor } from '@main/model/onnxruntime/ortSession'
import { operatorCases, operatorChain } from '../../../core/quant/operatorGraphs'

const images = 6

describe('the float graph that evaluations run', () => {
  it.each(Object.entries({ ...operatorCases, 'all of them': operatorChain }))(
    'follows the integers: %s',
    async (_, build) => {
      const builder = build(11)
      const graph = builder.done()
      const calibration = measureActivationRanges(graph, builder.pixels(8))
      const network = quantizeNetwork(calibration, uniformScheme(weightedLayerNames(graph), 8, 8))
      const pixels = builder.pixels(images)
      const integers = runInteger(network, codesOfPixels(pixels))
      const session = await openOrtSession(evaluationModel(network))
      const [height, width, channels] = network.inputShape
      const dims = [images, channels, height, width]
      const outputs = await session.run({ levels: realTensor(levelsOfPixels(network, pixels), dims) })
      const floats = tensorReals(outputs['logits']!)
      expect(floats.length).toBe(integers.length)
      const isSums = network.layers.at(-1)!.op !== 'output'
      let far = 0
      for (const [at, value] of integers.entries()) {
        // Codes may differ by one where a sum falls within a float's rounding of a boundary; sums by what such a code weighs.
        const slack = isSums ? 0.02 * Math.max(...integers.map(Math.abs)) : 1
        if (Math.abs(value - floats[at]!) > slack) far++
      }
      expect(far).toBe(0)
      const equal = integers.filter((value, at) => value === floats[at]).length
      expect(equal / integers.length).toBeGreaterThan(0.97)
    }
  )
})
