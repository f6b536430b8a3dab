import type { AddNode, BatchNormNode, FlattenNode, ReluNode } from '../../graph'
import { int, ints } from '../../onnx/onnx'
import type { OnnxBuilder } from '../../onnx/onnxBuilder'
import type { Emitted, EmitterSite } from '../gradient'

/** Emits ReLU and its gradient. */
export function emitRelu({ builder, inputs }: EmitterSite<ReluNode>): Emitted {
  return rectified(builder, inputs[0])
}

/** max(0, x); the gradient passes where the result is positive. */
export function rectified(builder: OnnxBuilder, input: string): Emitted {
  const value = builder.node('Relu', [input])
  return {
    value,
    backward(gradient) {
      const isPositive = builder.node('Cast', [builder.node('Greater', [value, builder.scalar(0)])], {
        to: int(1)
      })
      return { inputs: [builder.node('Mul', [gradient, isPositive])], parameters: [] }
    }
  }
}

/** Emits the sum of two values; both get the gradient unchanged. */
export function emitAdd({ builder, inputs }: EmitterSite<AddNode>): Emitted {
  return {
    value: builder.node('Add', inputs),
    backward: (gradient) => ({ inputs: [gradient, gradient], parameters: [] })
  }
}

/** Emits a flattening; the gradient gets the input's shape back. */
export function emitFlatten({ builder, inputs, inputShapes }: EmitterSite<FlattenNode>): Emitted {
  return {
    value: builder.node('Flatten', inputs, { axis: int(1) }),
    backward: (gradient) => ({
      inputs: [builder.node('Reshape', [gradient, builder.shape([-1, ...inputShapes[0]])])],
      parameters: []
    })
  }
}

/**
 * Batch normalisation with the statistics of the batch (Ioffe and Szegedy 2015): n = (x - mean) / sqrt(var + eps),
 * y = scale * n + shift; dx = scale / sd * (dy - mean(dy) - n * mean(dy * n)), means over batch and pixels.
 */
export function emitBatchNorm({ builder, inputs, parameters }: EmitterSite<BatchNormNode>): Emitted {
  const axes = ints([0, 2, 3])
  const mean = (value: string): string => builder.node('ReduceMean', [value], { axes })
  const perChannel = (value: string): string => builder.node('Reshape', [value, builder.shape([1, -1, 1, 1])])
  const centred = builder.node('Sub', [inputs[0], mean(inputs[0])])
  const variance = mean(builder.node('Mul', [centred, centred]))
  const deviation = builder.node('Sqrt', [builder.node('Add', [variance, builder.scalar(batchNormEpsilon)])])
  const normal = builder.node('Div', [centred, deviation])
  const scale = perChannel(parameters[0])
  const value = builder.node('Add', [builder.node('Mul', [normal, scale]), perChannel(parameters[1])])
  return {
    value,
    backward(gradient) {
      const weighted = builder.node('Mul', [gradient, normal])
      const rest = builder.node('Sub', [
        builder.node('Sub', [gradient, mean(gradient)]),
        builder.node('Mul', [normal, mean(weighted)])
      ])
      const sum = (from: string): string =>
        builder.node('ReduceSum', [from, builder.shape([0, 2, 3])], { keepdims: int(0) })
      return {
        inputs: [builder.node('Mul', [rest, builder.node('Div', [scale, deviation])])],
        parameters: [sum(weighted), sum(gradient)]
      }
    }
  }
}

/** Added to the variance in training. */
export const batchNormEpsilon = 1e-5
