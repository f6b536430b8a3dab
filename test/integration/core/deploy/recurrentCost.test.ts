import { describe, expect, it } from 'vitest'
import { MonitorClient } from '@core/board/monitorClient'
import { benchedCalls, callsOf } from '@core/deploy/kernelCalls'
import { encodeImage } from '@core/deploy/image'
import { freeFrom, planDeployment } from '@core/deploy/plan'
import { gatesOfRecurrence, narrowRecurrenceShare } from '@core/kernel/spec'
import { weightedLayerNames } from '@core/model/graph'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import type { QuantizedNetwork } from '@core/quant/quantizedNetwork'
import { uniformScheme, type Bits } from '@core/quant/scheme'
import { recurrentKernels, type RecurrentKernel } from '@shared/vocabulary'
import { SimulatedBoard } from '../../../unit/core/board/simulatedBoard'
import { GraphBuilder } from '../../../unit/core/quant/operatorGraphs'

/** A recurrence of 17 units over nine steps of three inputs. */
function network(
  cell: RecurrentKernel,
  weightBits: Bits
): { network: QuantizedNetwork; builder: GraphBuilder } {
  const builder = new GraphBuilder(5, [3, 9, 1])
  const [hidden, gates] = [17, gatesOfRecurrence[cell]]
  const inputs = builder.conv(-1, gates * hidden, 1)
  const call = (name: 'sigmoid' | 'tanh') =>
    ({ kind: 'call', name, parameters: [], of: { kind: 'value' } }) as const
  builder.push({
    op: 'recurrent',
    name: cell,
    inputs: [inputs],
    outputShape: [hidden, 9, 1],
    cell,
    isReverse: false,
    functions: cell === 'rnn' ? [call('tanh')] : [call('sigmoid'), call('tanh'), call('tanh')],
    recurrence: builder.reals(gates * hidden * hidden, 0.4),
    recurrenceBias: builder.reals(gates * hidden, 0.1)
  })
  const graph = builder.done()
  const ranges = measureActivationRanges(graph, builder.pixels(8))
  return {
    network: quantizeNetwork(ranges, uniformScheme(weightedLayerNames(graph), weightBits, 8)),
    builder
  }
}

describe('a recurrence on a board', () => {
  it.each(recurrentKernels.flatMap((cell) => ([8, 2] as const).map((weightBits) => ({ cell, weightBits }))))(
    'costs in a network what bench measures of it: $cell with $weightBits bits',
    ({ cell, weightBits }) => {
      const board = new SimulatedBoard('small', undefined, undefined, true)
      const client = new MonitorClient()
      const info = board.converse(client.hello(1))
      const { network: quantized, builder } = network(cell, weightBits)
      const at = quantized.layers.findIndex(({ op }) => op === 'recurrent')
      const [call, ...more] = callsOf(quantized.layers[at]!).others
      expect(more).toEqual([])
      const scale = weightBits === 8 ? 1 : 1 + narrowRecurrenceShare
      expect(call).toEqual({ kernel: cell, dims: [9, 17], scale, activationBits: 8, weightBits: 0 })
      expect(benchedCalls(quantized.layers[at]!)).toHaveLength(weightBits === 8 ? 1 : 0)
      const plan = planDeployment(quantized, info)
      board.converse(client.upload(plan.imageAddress, encodeImage(quantized, plan)))
      board.converse(client.prepare(plan.imageAddress))
      const pixels = Int8Array.from(builder.pixels(1), (pixel) => pixel - 128)
      const inputAddress = freeFrom(plan)
      board.converse(client.upload(inputAddress, new Uint8Array(pixels.buffer)))
      const outputAddress = Math.ceil((inputAddress + pixels.length) / 16) * 16
      // Once to fill the caches, as bench does.
      for (const clearCounters of [true, true])
        board.converse(client.run({ inputAddress, outputAddress, count: 1, perLayer: true, clearCounters }))
      const counted = board.converse(client.counters(0, quantized.layers.length))[at]!.cycles
      const { cycles } = board.converse(client.bench({ ...call!, repetitions: 2, seed: 3 }))
      const error = Math.abs((scale * cycles![1]!) / Number(counted) - 1)
      // Of narrower weights it is an estimate (narrowRecurrenceShare).
      expect(error).toBeLessThan(weightBits === 8 ? 0.03 : 0.12)
    }
  )
})
