import type { DenseNode } from '../../graph'
import { int } from '../../onnx/onnx'
import type { Emitted, EmitterSite } from '../gradient'

/** y = x Wᵀ + b; dx = dy W, dW = dyᵀ x, db = column sums of dy. */
export function emitDense({ builder, inputs, parameters }: EmitterSite<DenseNode>): Emitted {
  const [input, weights, bias] = [inputs[0], parameters[0], parameters[1]]
  const value = builder.node('Gemm', [input, weights, bias], { transB: int(1) })
  return {
    value,
    backward: (gradient, wantsInputs) => ({
      inputs: [wantsInputs ? builder.node('MatMul', [gradient, weights]) : null],
      parameters: [
        builder.node('Gemm', [gradient, input], { transA: int(1) }),
        builder.node('ReduceSum', [gradient, builder.shape([0])], { keepdims: int(0) })
      ]
    })
  }
}
