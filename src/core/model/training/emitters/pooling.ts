import { AppError } from '../../../../shared/errors'
import type { AvgPoolNode, MaxPoolNode } from '../../graph'
import { int, ints } from '../../onnx/onnx'
import type { Emitted, EmitterSite } from '../gradient'

/**
 * The gradient goes to the winner alone (MaxUnpool with MaxPool's indices; of equal values one is chosen), so windows
 * must not overlap.
 * @throws AppError input.unsupported where they do.
 */
export function emitMaxPool({ builder, node, inputs, inputShapes }: EmitterSite<MaxPoolNode>): Emitted {
  if (
    node.kernel[0] > node.stride[0] ||
    node.kernel[1] > node.stride[1] ||
    node.pad.some((side) => side > 0)
  ) {
    throw new AppError(
      'input.unsupported',
      `Node "${node.name}" (MaxPool) has overlapping or padded windows, which cannot be trained here.`,
      'Evaluate this network without retraining.'
    )
  }
  const attributes = { kernel_shape: ints(node.kernel), strides: ints(node.stride) }
  const [value, indices] = builder.nodes('MaxPool', inputs, 2, attributes) as [string, string]
  return {
    value,
    backward(gradient) {
      // MaxUnpool wants the whole output shape, batch included.
      const batch = builder.node('Slice', [
        builder.node('Shape', [inputs[0]]),
        builder.shape([0]),
        builder.shape([1])
      ])
      const shape = builder.node('Concat', [batch, builder.shape(inputShapes[0])], { axis: int(0) })
      return { inputs: [builder.node('MaxUnpool', [gradient, indices, shape], attributes)], parameters: [] }
    }
  }
}

/** Every position of a window gets an equal share. */
export function emitAvgPool({ builder, node, inputs, inputShapes }: EmitterSite<AvgPoolNode>): Emitted {
  if (node.pad.some((side) => side > 0)) {
    throw new AppError(
      'input.unsupported',
      `Node "${node.name}" (AveragePool) is padded, which cannot be trained here.`,
      'Evaluate this network without retraining.'
    )
  }
  const value = builder.node('AveragePool', inputs, {
    kernel_shape: ints(node.kernel),
    strides: ints(node.stride)
  })
  return {
    value,
    backward(gradient) {
      const channels = inputShapes[0][0]
      const count = node.kernel[0] * node.kernel[1]
      const shares = builder.constant(new Float32Array(channels * count).fill(1 / count), [
        channels,
        1,
        ...node.kernel
      ])
      const outside = [0, 1].map(
        (axis) =>
          inputShapes[0][axis + 1] -
          ((node.outputShape[axis + 1] - 1) * node.stride[axis] + node.kernel[axis])
      )
      const spread = builder.node('ConvTranspose', [gradient, shares], {
        kernel_shape: ints(node.kernel),
        strides: ints(node.stride),
        output_padding: ints(outside),
        group: int(channels)
      })
      return { inputs: [spread], parameters: [] }
    }
  }
}
