import { int } from '../../onnx/onnx'
import { activated } from '../activation'
import type { Conversion } from '../conversion'
import type { TfliteOperator } from '../tflite'
import { biasOf, optionNumber, optionOf, type Converter } from './converter'

/**
 * SVDF: inputs [rows, n] through features [filters, n], the last results of each filter weighted over time, `rank` filters summed
 * to a unit. Former results lie in a variable that lasts from one run to the next, so it is read only where they do not count: with
 * one step of time, or weights of 0 for all but the last.
 */
export const filteredFeatures: Converter = (conversion, operator) => {
  const [input, features, time, , state] = operator.inputs
  if (state === undefined || state < 0 || conversion.isKnown(state)) return false
  const rank = optionNumber(operator, 'rank')
  const [filters, inner] = conversion.tensor(features).dims
  const [rows, steps] = conversion.tensor(time).dims
  const isFitting = rank > 0 && filters % rank === 0 && rows === filters && steps > 0
  if (!isFitting) return false
  if (readsPast(conversion, time, steps))
    return {
      reason: `its result depends on the ${steps - 1} runs before: the items of a data set would be taken for the steps of one recording`,
      remedy:
        'Convert the form of the network that takes a whole recording at once (its frames through a convolution over time in place of SVDF), not the streaming one.'
    }
  const weights = conversion.weights(features, [0, 1], [filters, inner])
  const last = lastWeights(conversion, time, filters, steps)
  if (weights === null || last === null) return false
  const product = conversion.add('Gemm', [conversion.real(input), weights], { transB: int(1) })
  // The newest results stand in the state, in its codes.
  conversion.bind(state, product)
  const weighted = conversion.add('Mul', [conversion.real(state), last])
  const sum = rank === 1 ? weighted : summed(conversion, weighted, filters / rank, rank)
  return bindUnits(conversion, operator, sum)
}

/** Bias and activation behind the sums. */
function bindUnits(conversion: Conversion, operator: TfliteOperator, sum: string): boolean {
  const bias = biasOf(conversion, operator, 3)
  const shifted = bias.length === 0 ? sum : conversion.add('Add', [sum, ...bias])
  const result = activated(conversion, shifted, optionOf(operator, 'activation'))
  if (result === null) return false
  conversion.bind(operator.outputs[0], result)
  return true
}

/** Sums of `rank` neighbours. */
function summed(conversion: Conversion, name: string, units: number, rank: number): string {
  const grouped = conversion.add('Reshape', [name, conversion.shape([-1, units, rank])])
  return conversion.add('ReduceSum', [grouped, conversion.shape([2])], { keepdims: int(0) })
}

/** Whether weights of former steps are not 0. */
function readsPast(conversion: Conversion, time: number, steps: number): boolean {
  if (steps === 1) return false
  const { zeros, data } = conversion.tensor(time)
  const codes = conversion.integers(time)
  // Behind a DEQUANTIZE of the file the code of 0 is not known here.
  if (codes === null || data === null) return true
  const zero = zeros[0] ?? 0
  return codes.some((code, at) => at % steps < steps - 1 && code !== zero)
}

/** Weights of the last step, [filters]; null where they are computed. */
function lastWeights(conversion: Conversion, time: number, filters: number, steps: number): string | null {
  const weights = conversion.weights(time, [0, 1], [filters, steps])
  if (weights === null) return null
  const [from, to, axis] = [steps - 1, steps, 1].map((value) => conversion.shape([value]))
  const column = conversion.add('Slice', [weights, from, to, axis])
  return conversion.add('Reshape', [column, conversion.shape([filters])])
}
