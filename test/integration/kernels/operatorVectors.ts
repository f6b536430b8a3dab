import { imageOperators } from '@core/deploy/image'
import { parameterBytes } from '@core/deploy/layerParameters'
import { weightedLayerNames } from '@core/model/graph'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import { codesOfPixels, createIntegerRunner } from '@core/quant/integer/runInteger'
import { isWeighted, type IntegerLayer } from '@core/quant/quantizedNetwork'
import { parseScheme } from '@core/quant/scheme'
import { operatorCases, recurrences, type GraphBuilder } from '../../unit/core/quant/operatorGraphs'
import type { Case } from './kernelVectors'

/** Operators with a parameter blob, and output: those a golden case of kind "operator" carries. */
const first = imageOperators.indexOf('table')

/**
 * Every layer with parameters of the small graphs of operatorGraphs.ts, with the codes it reads and writes for one image.
 * Parameters: operator, zeros of both operands, multipliers, shift, output zero, output bits, fill code, whether it fills,
 * elements written. Blobs: parameters, first operand, second (or the tensor of which a part is written), result.
 */
export function operatorVectorCases(): Case[] {
  const all = Object.values(operatorCases).flatMap((build, index) => casesOf(build(100 + index), 'int8'))
  // Rows of one, three and two words, the last one not full.
  return [...all, ...casesOf(recurrences(200, 17), 'w1a8,w4a8,w2a8,w1a8')]
}

function casesOf(builder: GraphBuilder, scheme: string): Case[] {
  const graph = builder.done()
  const calibration = measureActivationRanges(graph, builder.pixels(4))
  const network = quantizeNetwork(calibration, parseScheme(scheme, weightedLayerNames(graph)))
  const codes = codesOfPixels(builder.pixels(1))
  const { layers } = createIntegerRunner(network).run(codes, { keepLayers: true })
  const codesOf = (at: number): Int8Array => (at < 0 ? codes : layers![at]!)
  return network.layers.flatMap((layer, at) => caseOf(layer, layer.inputs.map(codesOf), codesOf(at)))
}

function caseOf(layer: IntegerLayer, inputs: readonly Int8Array[], result: Int8Array): Case[] {
  const operator = imageOperators.indexOf(layer.op)
  if (isWeighted(layer) || operator < first || layer.op === 'output') return []
  const factors = 'mult' in layer && layer.op !== 'normalize' ? layer.mult : Int32Array.of(0, 0)
  const fill = 'fill' in layer ? layer.fill : null
  const parameters = [
    operator,
    layer.input.zero,
    'inputB' in layer ? layer.inputB.zero : 0,
    factors[0]!,
    factors[1] ?? 0,
    'shift' in layer ? layer.shift[0]! : 1,
    layer.outZero,
    layer.outBits,
    fill ?? 0,
    fill === null ? 0 : 1,
    result.length
  ]
  const none = new Int8Array(0)
  return [
    {
      op: 'operator',
      parameters,
      blobs: [parameterBytes(layer)!, inputs[0] ?? none, inputs[1] ?? none, result]
    }
  ]
}
