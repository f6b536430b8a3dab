import { int } from '../onnx/onnx'
import type { OnnxBuilder } from '../onnx/onnxBuilder'

/**
 * A quantizer inside a training graph: real value -> nearest level * scale, forward; straight-through backward
 * (Bengio et al. 2013): the gradient passes where the value was not clipped. One bit follows docs/arithmetic.md:
 * weights and signed tensors have levels -1 and +1 (zero counts as negative), unsigned tensors 0 and 2.
 */
export interface FakeQuantizer {
  /** One entry, or one per output channel of a weight tensor. */
  readonly scale: Float32Array
  /** Shape of `scale` for broadcasting. */
  readonly dims: readonly number[]
  /** Lowest and highest level, in units of the scale. */
  readonly bottom: number
  readonly top: number
  readonly isOneBit: boolean
  /** Weights only: the scale is trained too (LSQ, Esser et al., arXiv 1902.08153). */
  readonly isLearned?: boolean
}

/** A fake-quantized value and the way its gradient goes back. */
export interface QuantizedValue {
  readonly value: string
  backward(gradient: string): string
  /** Gradient of the scale, in the shape of its dims; scaled by 1 / sqrt(values per scale x top), as LSQ does. */
  scaleGradient(gradient: string): string
}

/**
 * Emits quantize and dequantize in float with a straight-through gradient, 0 outside the range.
 * @param scale name of the value that holds the scale where it is trained; absent: a constant
 * @param valuesPerScale how many values share one entry of the scale; only the scale's gradient needs it
 */
export function emitFakeQuant(
  builder: OnnxBuilder,
  input: string,
  quantizer: FakeQuantizer,
  scale = builder.constant(quantizer.scale, quantizer.dims),
  valuesPerScale = 1
): QuantizedValue {
  const steps = builder.node('Div', [input, scale])
  const levels = quantizer.isOneBit
    ? oneBitLevels(builder, steps, quantizer.bottom)
    : roundedLevels(builder, steps, quantizer)
  const inside = (slack: number): string => {
    const limits = [quantizer.bottom - slack, quantizer.top + slack].map((limit) => builder.scalar(limit))
    const isInside = builder.node('Equal', [steps, builder.node('Clip', [steps, ...limits])])
    return builder.node('Cast', [isInside], { to: int(1) })
  }
  return {
    value: builder.node('Mul', [levels, scale]),
    backward: (gradient) => builder.node('Mul', [gradient, inside(quantizer.isOneBit ? oneBitSlack : 0.5)]),
    scaleGradient(gradient) {
      // One bit: the sign does not depend on the scale. Else d(round(v/s) s)/ds = round(v/s) - v/s where not clipped.
      const slope = quantizer.isOneBit
        ? levels
        : builder.node('Sub', [levels, builder.node('Mul', [steps, inside(0.5)])])
      const products = builder.node('Mul', [gradient, slope])
      const axes = quantizer.dims.flatMap((size, axis) => (size === 1 ? [axis] : []))
      const summed = builder.node('ReduceSum', [products, builder.shape(axes)], { keepdims: int(1) })
      const factor = 1 / Math.sqrt(valuesPerScale * Math.max(1, quantizer.top))
      return builder.node('Mul', [summed, builder.scalar(factor)])
    }
  }
}

/** How far beyond its levels a one-bit value still learns: its threshold must stay reachable. */
const oneBitSlack = 1

function roundedLevels(builder: OnnxBuilder, steps: string, { bottom, top }: FakeQuantizer): string {
  const rounded = builder.node('Floor', [builder.node('Add', [steps, builder.scalar(0.5)])])
  return builder.node('Clip', [rounded, builder.scalar(bottom), builder.scalar(top)])
}

function oneBitLevels(builder: OnnxBuilder, steps: string, bottom: number): string {
  const isHigh = builder.node('Greater', [steps, builder.scalar(bottom + 1)])
  const doubled = builder.node('Mul', [builder.node('Cast', [isHigh], { to: int(1) }), builder.scalar(2)])
  return bottom === 0 ? doubled : builder.node('Add', [doubled, builder.scalar(bottom)])
}
