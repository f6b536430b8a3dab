import { float, int, text, type OnnxAttribute } from '../../onnx/onnx'
import { activated } from '../activation'
import { optionNumber, optionOf, type Converter } from './converter'

/** One ONNX operator of the same inputs. */
export const plain =
  (opType: string, attributes: Record<string, OnnxAttribute> = {}): Converter =>
  (conversion, operator) => {
    const inputs = operator.inputs.filter((index) => index >= 0).map((index) => conversion.real(index))
    const made = conversion.add(opType, inputs, attributes)
    const result = activated(conversion, made, optionOf(operator, 'activation'))
    if (result === null) return false
    conversion.bind(operator.outputs[0], result)
    return true
  }

/** A limit on both sides. */
export const limited =
  (low: number, high: number): Converter =>
  (conversion, operator) => {
    const inputs = [conversion.real(operator.inputs[0]), conversion.scalar(low), conversion.scalar(high)]
    conversion.bind(operator.outputs[0], conversion.add('Clip', inputs))
    return true
  }

/** LEAKY_RELU, with its slope. */
export const leakyRelu: Converter = (conversion, operator) =>
  plain('LeakyRelu', { alpha: float(optionNumber(operator, 'alpha')) })(conversion, operator)

/** GELU, exact or by tanh as its option says. */
export const gelu: Converter = (conversion, operator) =>
  plain('Gelu', { approximate: text(optionOf(operator, 'approximate') === true ? 'tanh' : 'none') })(
    conversion,
    operator
  )

/** x * x. */
export const square: Converter = (conversion, operator) => {
  const input = conversion.real(operator.inputs[0])
  conversion.bind(operator.outputs[0], conversion.add('Mul', [input, input]))
  return true
}

/** RSQRT: 1 / √x. */
export const reciprocalRoot: Converter = (conversion, operator) => {
  const root = conversion.add('Sqrt', [conversion.real(operator.inputs[0])])
  conversion.bind(operator.outputs[0], conversion.add('Reciprocal', [root]))
  return true
}

/** SQUARED_DIFFERENCE: (a - b)². */
export const squaredDifference: Converter = (conversion, operator) => {
  const difference = conversion.add(
    'Sub',
    operator.inputs.map((index) => conversion.real(index))
  )
  conversion.bind(operator.outputs[0], conversion.add('Mul', [difference, difference]))
  return true
}

/** Softmax of beta * x over the last axis. */
export const convertSoftmax: Converter = (conversion, operator) => {
  const beta = optionNumber(operator, 'beta')
  const input = conversion.real(operator.inputs[0])
  const scaled = beta === 1 || beta === 0 ? input : conversion.add('Mul', [input, conversion.scalar(beta)])
  conversion.bind(operator.outputs[0], conversion.add('Softmax', [scaled], { axis: int(-1) }))
  return true
}

/** x / sqrt(sum of squares along the last axis). */
export const unitLength: Converter = (conversion, operator) => {
  const input = conversion.real(operator.inputs[0])
  const squares = conversion.add('Mul', [input, input])
  const sum = conversion.add('ReduceSum', [squares, conversion.shape([-1])], { keepdims: int(1) })
  conversion.bind(operator.outputs[0], conversion.add('Div', [input, conversion.add('Sqrt', [sum])]))
  return true
}

/** Casts between the types of numbers that are read. */
export const cast: Converter = (conversion, operator) => {
  const types: Readonly<Record<string, number>> = { float32: 1, int32: 6, int64: 7, float16: 10, bool: 9 }
  const to = types[conversion.tensor(operator.outputs[0]).type]
  return to === undefined ? false : plain('Cast', { to: int(to) })(conversion, operator)
}
