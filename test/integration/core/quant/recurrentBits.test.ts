import { describe, expect, it } from 'vitest'
import { weightedLayerNames } from '@core/model/graph'
import { createRandom } from '@core/math/random'
import { evaluationModel, levelsOfPixels } from '@core/quant/integer/evaluationModel'
import { argmax, codesOfPixels, runInteger } from '@core/quant/integer/runInteger'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import { bitWidths, uniformScheme, type Scheme } from '@core/quant/scheme'
import { openOrtSession, realTensor, tensorReals } from '@main/model/onnxruntime/ortSession'
import { openNetworkBoard } from '../../../unit/core/board/networkOnBoard'
import { recurrences } from '../../../unit/core/quant/operatorGraphs'

const onBoards = [openNetworkBoard('small'), openNetworkBoard('high')]

/** Every cell, each at widths that are drawn. */
function drawn(seed: number, hidden: number) {
  const builder = recurrences(seed, hidden)
  const graph = builder.done()
  const random = createRandom(seed)
  const scheme: Scheme = uniformScheme(weightedLayerNames(graph), 8, 8).map((entry, at) => ({
    ...entry,
    weightBits: bitWidths[random.integer(4)]!,
    activationBits: at === 0 ? 8 : bitWidths[random.integer(3)]!
  }))
  return { builder, network: quantizeNetwork(measureActivationRanges(graph, builder.pixels(8)), scheme) }
}

describe('recurrences with weights of fewer bits', () => {
  // From less than four rows of weights to rows of several words.
  it.each([1, 2, 3, 8, 17, 33, 64])('give the same integers on the board: %d units', (hidden) => {
    for (let seed = 1; seed <= 6; seed++) {
      const { builder, network } = drawn(100 * hidden + seed, hidden)
      const recurrent = network.layers.filter(({ op }) => op === 'recurrent')
      expect(recurrent.map((layer) => 'weightBits' in layer && layer.weightBits)).toEqual(
        network.scheme.map(({ weightBits }) => weightBits)
      )
      const codes = codesOfPixels(builder.pixels(1))
      const expected = runInteger(network, codes)
      for (const onBoard of onBoards)
        expect([...onBoard(network, codes)]).toEqual([...expected, argmax(expected)])
    }
  })

  it('give what evaluations run in onnxruntime', async () => {
    for (const seed of [1, 2, 3]) {
      const { builder, network } = drawn(seed, 17)
      const pixels = builder.pixels(4)
      const session = await openOrtSession(evaluationModel(network))
      const [height, width, channels] = network.inputShape
      const levels = realTensor(levelsOfPixels(network, pixels), [4, channels, height, width])
      const floats = tensorReals((await session.run({ levels }))['logits']!)
      const integers = runInteger(network, codesOfPixels(pixels))
      const far = integers.filter((value, at) => Math.abs(value - floats[at]!) > 1)
      expect(far).toEqual(new Int32Array(0))
      await session.release()
    }
  })
})
