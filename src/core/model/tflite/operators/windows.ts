import { intAttributes, optionNumber, optionOf, type Converter } from './converter'
import { activated } from '../activation'
import { int, ints, type OnnxAttribute } from '../../onnx'
import type { Conversion } from '../conversion'
import type { TfliteOperator } from '../tflite'

/** Convolutions and pools: images lie channels last in TFLite, so they are turned before and after. */

const toImage = (conversion: Conversion, name: string): string =>
  conversion.add('Transpose', [name], { perm: ints([0, 3, 1, 2]) })
const fromImage = (conversion: Conversion, name: string): string =>
  conversion.add('Transpose', [name], { perm: ints([0, 2, 3, 1]) })

function windowAttributes(operator: TfliteOperator): Record<string, OnnxAttribute> {
  const pair = (what: string): readonly number[] => [
    Math.max(1, optionNumber(operator, `${what}H`)),
    Math.max(1, optionNumber(operator, `${what}W`))
  ]
  return {
    auto_pad: { kind: 'string', value: optionNumber(operator, 'padding') === 0 ? 'SAME_UPPER' : 'VALID' },
    strides: ints(pair('stride')),
    ...(optionOf(operator, 'dilationW') === undefined ? {} : { dilations: ints(pair('dilation')) })
  }
}

function finish(conversion: Conversion, operator: TfliteOperator, image: string): boolean {
  const result = activated(conversion, image, optionOf(operator, 'activation'))
  if (result === null) return false
  conversion.bind(operator.outputs[0], fromImage(conversion, result))
  return true
}

/** Filters [outputs, height, width, inputs]. */
export const convolution: Converter = (conversion, operator) => {
  const [input, filter, bias] = operator.inputs
  const [outputs, height, width, inputs] = conversion.tensor(filter).dims
  const weights = conversion.weights(filter, [0, 3, 1, 2], [outputs, inputs, height, width])
  if (weights === null) return false
  const channels = conversion.tensor(input).dims[3]
  return finish(
    conversion,
    operator,
    conversion.add(
      'Conv',
      [
        toImage(conversion, conversion.real(input)),
        weights,
        ...(conversion.has(operator, 2) ? [conversion.real(bias)] : [])
      ],
      {
        ...windowAttributes(operator),
        kernel_shape: ints([height, width]),
        group: int(Math.max(1, channels / inputs))
      }
    )
  )
}

/** Filters [1, height, width, channels * multiplier]. */
export const depthwise: Converter = (conversion, operator) => {
  const [input, filter, bias] = operator.inputs
  const [, height, width, outputs] = conversion.tensor(filter).dims
  const weights = conversion.weights(filter, [3, 0, 1, 2], [outputs, 1, height, width])
  if (weights === null) return false
  return finish(
    conversion,
    operator,
    conversion.add(
      'Conv',
      [
        toImage(conversion, conversion.real(input)),
        weights,
        ...(conversion.has(operator, 2) ? [conversion.real(bias)] : [])
      ],
      {
        ...windowAttributes(operator),
        kernel_shape: ints([height, width]),
        group: int(conversion.tensor(input).dims[3])
      }
    )
  )
}

/** Filters [outputs, height, width, inputs]; the size of the output is given. */
export const transposedConvolution: Converter = (conversion, operator) => {
  const [, filter, input, bias] = operator.inputs
  const [outputs, height, width, inputs] = conversion.tensor(filter).dims
  const weights = conversion.weights(filter, [3, 0, 1, 2], [inputs, outputs, height, width])
  if (weights === null) return false
  const strides = [optionNumber(operator, 'strideH'), optionNumber(operator, 'strideW')]
  const [from, to] = [conversion.tensor(input).dims, conversion.tensor(operator.outputs[0]).dims]
  const spare = [height, width].map((side, at) => strides[at] * (from[at + 1] - 1) + side - to[at + 1])
  const begin = spare.map((total) => Math.floor(Math.max(0, total) / 2))
  const end = spare.map((total, at) => Math.max(0, total) - begin[at])
  return finish(
    conversion,
    operator,
    conversion.add(
      'ConvTranspose',
      [
        toImage(conversion, conversion.real(input)),
        weights,
        ...(conversion.has(operator, 3) ? [conversion.real(bias)] : [])
      ],
      {
        kernel_shape: ints([height, width]),
        strides: ints(strides),
        pads: ints([...begin, ...end]),
        output_padding: ints(spare.map((total) => Math.max(0, -total)))
      }
    )
  )
}

/** Padding does not count in averages. */
export const pool =
  (opType: 'AveragePool' | 'MaxPool'): Converter =>
  (conversion, operator) =>
    finish(
      conversion,
      operator,
      conversion.add(opType, [toImage(conversion, conversion.real(operator.inputs[0]))], {
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
      conversion.add(opType, [toImage(conversion, conversion.real(operator.inputs[0]))], {
        ...intAttributes(operator, { blocksize: 'block' })
      })
    )

/** Sizes of the output are those of its tensor. */
export const convertResize =
  (mode: 'linear' | 'nearest'): Converter =>
  (conversion, operator) => {
    const [, height, width, channels] = conversion.tensor(operator.outputs[0]).dims
    const isAligned = optionOf(operator, 'alignCorners') === true
    const isHalf = optionOf(operator, 'halfPixel') === true
    const image = toImage(conversion, conversion.real(operator.inputs[0]))
    const sizes = conversion.shape([1, channels, height, width])
    const text = (value: string): OnnxAttribute => ({ kind: 'string', value })
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
