import { biasOf, optionNumber, optionOf, type Converter } from './converter'
import { activated } from '../activation'
import { float, int, ints, text, type OnnxAttribute } from '../../onnx/onnx'
import type { Conversion } from '../conversion'
import type { TfliteOperator } from '../tflite'

/** Convolutions and pools: images lie channels last in TFLite, so they are turned before and after. */

/** An input of the operator, channels first. */
const imageOf = (conversion: Conversion, operator: TfliteOperator, position = 0): string =>
  conversion.add('Transpose', [conversion.real(operator.inputs[position])], { perm: ints([0, 3, 1, 2]) })
const fromImage = (conversion: Conversion, name: string): string =>
  conversion.add('Transpose', [name], { perm: ints([0, 2, 3, 1]) })

function windowAttributes(operator: TfliteOperator): Record<string, OnnxAttribute> {
  const pair = (what: string): readonly number[] => [
    Math.max(1, optionNumber(operator, `${what}H`)),
    Math.max(1, optionNumber(operator, `${what}W`))
  ]
  const pads = optionOf(operator, 'pads')
  return {
    ...(Array.isArray(pads)
      ? { pads: ints(pads as readonly number[]) }
      : { auto_pad: text(optionNumber(operator, 'padding') === 0 ? 'SAME_UPPER' : 'VALID') }),
    strides: ints(pair('stride')),
    ...(optionOf(operator, 'dilationW') === undefined ? {} : { dilations: ints(pair('dilation')) })
  }
}

/** Binds an image, channels first, behind the operator's fused activation. */
function finish(conversion: Conversion, operator: TfliteOperator, image: string): boolean {
  const result = activated(conversion, image, optionOf(operator, 'activation'))
  if (result === null) return false
  conversion.bind(operator.outputs[0], fromImage(conversion, result))
  return true
}

/** Filters [outputs, height, width, inputs]. */
export const convolution: Converter = (conversion, operator) => {
  const [input, filter] = operator.inputs
  const [outputs, height, width, inputs] = conversion.tensor(filter).dims
  const weights = conversion.weights(filter, [0, 3, 1, 2], [outputs, inputs, height, width])
  const groups = Math.max(1, conversion.tensor(input).dims[3] / inputs)
  return convolved(conversion, operator, weights, groups)
}

/** Filters [1, height, width, channels * multiplier]. */
export const depthwise: Converter = (conversion, operator) => {
  const [input, filter] = operator.inputs
  const [, height, width, outputs] = conversion.tensor(filter).dims
  const weights = conversion.weights(filter, [3, 0, 1, 2], [outputs, 1, height, width])
  return convolved(conversion, operator, weights, conversion.tensor(input).dims[3])
}

function convolved(
  conversion: Conversion,
  operator: TfliteOperator,
  weights: string | null,
  groups: number
): boolean {
  if (weights === null) return false
  const [, height, width] = conversion.tensor(operator.inputs[1]).dims
  const inputs = [imageOf(conversion, operator), weights, ...biasOf(conversion, operator, 2)]
  const made = conversion.add('Conv', inputs, {
    ...windowAttributes(operator),
    kernel_shape: ints([height, width]),
    group: int(groups)
  })
  return finish(conversion, operator, made)
}

/** Filters [outputs, height, width, inputs]; the size of the output is given. */
export const transposedConvolution: Converter = (conversion, operator) => {
  const [, filter, input] = operator.inputs
  const [outputs, height, width, inputs] = conversion.tensor(filter).dims
  const weights = conversion.weights(filter, [3, 0, 1, 2], [inputs, outputs, height, width])
  if (weights === null) return false
  const strides = [optionNumber(operator, 'strideH'), optionNumber(operator, 'strideW')]
  const [from, to] = [conversion.tensor(input).dims, conversion.tensor(operator.outputs[0]).dims]
  const spare = [height, width].map((side, at) => strides[at] * (from[at + 1] - 1) + side - to[at + 1])
  const begin = spare.map((total) => Math.floor(Math.max(0, total) / 2))
  const end = spare.map((total, at) => Math.max(0, total) - begin[at])
  const operands = [imageOf(conversion, operator, 2), weights, ...biasOf(conversion, operator, 3)]
  const made = conversion.add('ConvTranspose', operands, {
    kernel_shape: ints([height, width]),
    strides: ints(strides),
    pads: ints([...begin, ...end]),
    output_padding: ints(spare.map((total) => Math.max(0, -total)))
  })
  return finish(conversion, operator, made)
}

/** Padding does not count in averages. */
export const pool =
  (opType: 'AveragePool' | 'MaxPool'): Converter =>
  (conversion, operator) =>
    finish(
      conversion,
      operator,
      conversion.add(opType, [imageOf(conversion, operator)], {
        ...windowAttributes(operator),
        kernel_shape: ints(['filterH', 'filterW'].map((name) => optionNumber(operator, name)))
      })
    )

/** Blocks of pixels to channels and back; the order of channels is that of ONNX (depth, column, row). */
export const blocks =
  (opType: 'DepthToSpace' | 'SpaceToDepth'): Converter =>
  (conversion, operator) =>
    finish(
      conversion,
      operator,
      conversion.add(opType, [imageOf(conversion, operator)], {
        blocksize: int(optionNumber(operator, 'block'))
      })
    )

/** Neighbouring channels within `radius`; ONNX divides its alpha by their number. */
export const localResponse: Converter = (conversion, operator) => {
  const size = 2 * optionNumber(operator, 'radius') + 1
  const made = conversion.add('LRN', [imageOf(conversion, operator)], {
    size: int(size),
    bias: float(optionNumber(operator, 'bias')),
    alpha: float(optionNumber(operator, 'alpha') * size),
    beta: float(optionNumber(operator, 'beta'))
  })
  return finish(conversion, operator, made)
}

/** Sizes of the output are those of its tensor. */
export const convertResize =
  (mode: 'linear' | 'nearest'): Converter =>
  (conversion, operator) => {
    const [, height, width, channels] = conversion.tensor(operator.outputs[0]).dims
    const isAligned = optionOf(operator, 'alignCorners') === true
    const isHalf = optionOf(operator, 'halfPixel') === true
    const image = imageOf(conversion, operator)
    const sizes = conversion.shape([1, channels, height, width])
    return finish(
      conversion,
      operator,
      conversion.add('Resize', [image, '', '', sizes], {
        mode: text(mode),
        coordinate_transformation_mode: text(
          isAligned ? 'align_corners' : isHalf ? 'half_pixel' : 'asymmetric'
        ),
        nearest_mode: text(isAligned || isHalf ? 'round_prefer_ceil' : 'floor')
      })
    )
  }
