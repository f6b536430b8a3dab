import { float, int, ints } from '../../onnx/onnx'
import { activated } from '../activation'
import type { Conversion } from '../conversion'
import type { TfliteOperator } from '../tflite'
import { biasOf, optionNumber, optionOf, type Converter } from './converter'

/**
 * Rows times weights [outputs, inputs]; an input of more axes is flattened to rows unless its axes are kept. How many rows there
 * are is left to the importer: behind a shape that is worked out, the file gives sides of 1.
 */
export const fullyConnected: Converter = (conversion, operator) => {
  const [input, filter] = operator.inputs
  if (optionNumber(operator, 'weightsFormat') !== 0) return false
  const [outputs, inner] = conversion.tensor(filter).dims
  const { dims } = conversion.tensor(input)
  const weights = conversion.weights(filter, [0, 1], [outputs, inner])
  if (weights === null) return false
  const value = conversion.real(input)
  const isFlat = dims.length === 2 && dims[1] === inner
  const flat = isFlat ? value : conversion.add('Reshape', [value, conversion.shape([-1, inner])])
  const product = conversion.add('Gemm', [flat, weights, ...biasOf(conversion, operator, 2)], {
    transB: int(1)
  })
  const result = activated(conversion, product, optionOf(operator, 'activation'))
  if (result === null) return false
  const shape = conversion.tensor(operator.outputs[0]).dims
  conversion.bind(
    operator.outputs[0],
    shape.length === 2
      ? result
      : conversion.add('Reshape', [result, keptAxes(conversion, value, shape, outputs)])
  )
  return true
}

/** The sides of an input with its last axis in another length: worked out where the importer must, for the file's may be 1. */
function keptAxes(conversion: Conversion, value: string, shape: readonly number[], outputs: number): string {
  const axes = [conversion.shape([0]), conversion.shape([shape.length - 1]), conversion.shape([0])]
  const leading = conversion.add('Slice', [conversion.add('Shape', [value]), ...axes])
  return conversion.add('Concat', [leading, conversion.shape([outputs])], { axis: int(0) })
}

/** Two matrices, either turned. */
export const batchProduct: Converter = (conversion, operator) => {
  const operands = [0, 1].map((position) => {
    const index = operator.inputs[position]
    const value = conversion.real(index)
    const rank = conversion.tensor(index).dims.length
    if (optionOf(operator, position === 0 ? 'turnsLeft' : 'turnsRight') !== true) return value
    const order = Array.from({ length: rank }, (_, axis) => axis)
    const turned = [...order.slice(0, -2), rank - 1, rank - 2]
    return conversion.add('Transpose', [value], { perm: ints(turned) })
  })
  conversion.bind(operator.outputs[0], conversion.add('MatMul', operands))
  return true
}

/** Gates of TFLite in the order of ONNX: input, output, forget, cell (TFLite: input, forget, cell, output). */
const gateOrder = [0, 3, 1, 2] as const

/**
 * A sequence through an LSTM without peepholes, projection and normalisation. Its states begin at 0 with every item, as Keras trains
 * it; TFLite's interpreter keeps them from one run to the next until they are reset.
 */
export const lstm: Converter = (conversion, operator) => {
  const isPlain = [9, 10, 11, 16, 17, 20, 21, 22, 23].every((position) => !conversion.has(operator, position))
  const cellClip = optionNumber(operator, 'cellClip')
  if (!isPlain || optionNumber(operator, 'activation') !== 4) return false
  const { dims } = conversion.tensor(operator.inputs[0])
  const isTimeMajor = optionOf(operator, 'timeMajor') === true
  const hidden = conversion.tensor(operator.inputs[5]).dims[1]
  const weights = joined(conversion, operator, 1, dims.at(-1)!)
  const recurrence = joined(conversion, operator, 5, hidden)
  const bias = joinedBias(conversion, operator, hidden)
  if (weights === null || recurrence === null || bias === null) return false
  const input = conversion.real(operator.inputs[0])
  const turned = isTimeMajor ? input : conversion.add('Transpose', [input], { perm: ints([1, 0, 2]) })
  const states = conversion.add('LSTM', [turned, weights, recurrence, bias], {
    hidden_size: int(hidden),
    ...(cellClip > 0 ? { cell_clip: float(cellClip) } : {})
  })
  const squeezed = conversion.add('Squeeze', [states, conversion.shape([1])])
  conversion.bind(
    operator.outputs[0],
    isTimeMajor ? squeezed : conversion.add('Transpose', [squeezed], { perm: ints([1, 0, 2]) })
  )
  return true
}

/** Weights of the four gates, [1, 4 * hidden, columns]. */
function joined(
  conversion: Conversion,
  operator: TfliteOperator,
  first: number,
  columns: number
): string | null {
  const parts = gateOrder.map((gate) => {
    const index = operator.inputs[first + gate]
    return index < 0 ? null : conversion.weights(index, [0, 1], [conversion.tensor(index).dims[0], columns])
  })
  if (parts.some((part) => part === null)) return null
  const all = conversion.add('Concat', parts as string[], { axis: int(0) })
  return conversion.add('Unsqueeze', [all, conversion.shape([0])])
}

/** Biases of the gates, then zeros for the recurrence: [1, 8 * hidden]. */
function joinedBias(conversion: Conversion, operator: TfliteOperator, hidden: number): string | null {
  const parts = gateOrder.map((gate) => {
    const index = operator.inputs[12 + gate]
    return index === undefined || index < 0 ? null : conversion.weights(index, [0], [hidden])
  })
  if (parts.some((part) => part === null)) return null
  const none = Array.from({ length: 4 }, () =>
    conversion.add('Expand', [conversion.scalar(0), conversion.shape([hidden])])
  )
  const all = conversion.add('Concat', [...(parts as string[]), ...none], { axis: int(0) })
  return conversion.add('Unsqueeze', [all, conversion.shape([0])])
}
