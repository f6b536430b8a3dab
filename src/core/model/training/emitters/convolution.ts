import type { Conv2dNode, DepthwiseConv2dNode } from '../../graph'
import { int, ints } from '../../onnx/onnx'
import type { OnnxBuilder } from '../../onnx/onnxBuilder'
import type { Emitted, EmitterSite } from '../gradient'

/**
 * Convolution. Input gradient: transposed convolution with the same weights. Weight gradient: convolution of the
 * inputs with the output gradients, batch and channel axes exchanged, strides as dilations.
 */
export function emitConv2d(site: EmitterSite<Conv2dNode>): Emitted {
  const { builder, node, inputs, inputShapes, parameters } = site
  const [input, weights, bias] = [inputs[0], parameters[0], parameters[1]]
  const value = builder.node('Conv', [input, weights, bias], windowAttributes(node))
  return {
    value,
    backward(gradient, wantsInputs) {
      return {
        inputs: [wantsInputs ? inputGradient(builder, node, inputShapes[0], weights, gradient, 1) : null],
        parameters: [weightGradient(builder, node, input, gradient), sumOverPixels(builder, gradient)]
      }
    }
  }
}

/** Gradient of a convolution's weights, in their shape. */
export function weightGradient(
  builder: OnnxBuilder,
  node: Conv2dNode,
  input: string,
  gradient: string
): string {
  const swap = { perm: ints([1, 0, 2, 3]) }
  const correlated = builder.node(
    'Conv',
    [builder.node('Transpose', [input], swap), builder.node('Transpose', [gradient], swap)],
    { pads: ints(node.pad), dilations: ints(node.stride), strides: ints([1, 1]) }
  )
  return builder.node('Transpose', [trimmed(builder, node, correlated)], swap)
}

/** One filter per channel: as above with every channel of every image a group of its own. */
export function emitDepthwiseConv2d(site: EmitterSite<DepthwiseConv2dNode>): Emitted {
  const { builder, node, inputs, inputShapes, parameters } = site
  const [input, weights, bias] = [inputs[0], parameters[0], parameters[1]]
  const [channels, height, width] = inputShapes[0] as [number, number, number]
  const [, outHeight, outWidth] = node.outputShape as [number, number, number]
  const value = builder.node('Conv', [input, weights, bias], {
    ...windowAttributes(node),
    group: int(channels)
  })
  return {
    value,
    backward(gradient, wantsInputs) {
      // Unfold the batch into pixels seen by each tap: slices of the padded input, times the gradient, summed.
      const padded = builder.node('Pad', [
        input,
        builder.shape([0, 0, node.pad[0], node.pad[1], 0, 0, node.pad[2], node.pad[3]])
      ])
      const taps: string[] = []
      for (let y = 0; y < node.kernel[0]; y++) {
        for (let x = 0; x < node.kernel[1]; x++) {
          const seen = builder.node('Slice', [
            padded,
            builder.shape([y, x]),
            builder.shape([
              Math.min(y + (outHeight - 1) * node.stride[0] + 1, height + node.pad[0] + node.pad[2]),
              Math.min(x + (outWidth - 1) * node.stride[1] + 1, width + node.pad[1] + node.pad[3])
            ]),
            builder.shape([2, 3]),
            builder.shape([node.stride[0], node.stride[1]])
          ])
          taps.push(
            builder.node('ReduceSum', [builder.node('Mul', [seen, gradient]), builder.shape([0, 2, 3])], {
              keepdims: int(0)
            })
          )
        }
      }
      const columns = taps.map((tap) => builder.node('Reshape', [tap, builder.shape([channels, 1])]))
      const stacked = columns.length === 1 ? columns[0] : builder.node('Concat', columns, { axis: int(1) })
      return {
        inputs: [
          wantsInputs ? inputGradient(builder, node, inputShapes[0], weights, gradient, channels) : null
        ],
        parameters: [
          builder.node('Reshape', [stacked, builder.shape([channels, 1, ...node.kernel])]),
          sumOverPixels(builder, gradient)
        ]
      }
    }
  }
}

type ConvNode = Conv2dNode | DepthwiseConv2dNode

function windowAttributes(node: ConvNode) {
  return { kernel_shape: ints(node.kernel), strides: ints(node.stride), pads: ints(node.pad) }
}

/** Gradient of a convolution's input. */
export function inputGradient(
  builder: OnnxBuilder,
  node: ConvNode,
  inputShape: readonly number[],
  weights: string,
  gradient: string,
  groups: number
): string {
  const outside = [0, 1].map((axis) => {
    const covered =
      (node.outputShape[axis + 1] - 1) * node.stride[axis] +
      node.kernel[axis] -
      node.pad[axis] -
      node.pad[axis + 2]
    return inputShape[axis + 1] - covered
  })
  return builder.node('ConvTranspose', [gradient, weights], {
    ...windowAttributes(node),
    group: int(groups),
    output_padding: ints(outside)
  })
}

/** Rows and columns beyond the kernel appear where the stride does not divide the image. */
function trimmed(builder: OnnxBuilder, node: ConvNode, gradient: string): string {
  return builder.node('Slice', [
    gradient,
    builder.shape([0, 0]),
    builder.shape([...node.kernel]),
    builder.shape([2, 3])
  ])
}

function sumOverPixels(builder: OnnxBuilder, gradient: string): string {
  return builder.node('ReduceSum', [gradient, builder.shape([0, 2, 3])], { keepdims: int(0) })
}
