import { int, type OnnxModel } from '../../model/onnx/onnx'
import { lowerNetwork } from './precision'
import { networkOf } from './network'
import type { WorkloadPrecision } from '../../../shared/contract/workload/workloadRows'

const size = 32

/** A network of one matrix product at the precision: whether a runtime opens and runs it shows what it offers. */
export function probeNetwork(precision: WorkloadPrecision): OnnxModel {
  const weights = Float32Array.from({ length: size * size }, (_, index) => ((index * 7) % 13) / 13 - 0.5)
  const model: OnnxModel = {
    name: 'probe',
    opset: 17,
    nodes: [
      {
        name: 'product',
        opType: 'MatMul',
        domain: '',
        inputs: ['x', 'w'],
        outputs: ['product'],
        attributes: {}
      },
      // Without an operator behind it, the product would be the output of a cast alone.
      {
        name: 'y',
        opType: 'Softmax',
        domain: '',
        inputs: ['product'],
        outputs: ['y'],
        attributes: { axis: int(-1) }
      }
    ],
    initializers: [{ name: 'w', dims: [size, size], data: weights }],
    inputs: [{ name: 'x', elementType: 'float32', dims: [1, size] }],
    outputs: [{ name: 'y', elementType: 'float32', dims: [1, size] }],
    metadata: {}
  }
  const range = { low: -1, high: 1 }
  return lowerNetwork(
    networkOf(model),
    precision,
    () => ({ dims: [size, size], data: weights }),
    () => range
  ).model
}
