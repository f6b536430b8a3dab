import type { Workload } from '../model/workload'
import { isPossible, type KernelShape, shapeKey } from './kernelShape'

/**
 * The weighted layers of a model as shapes to measure, each once. Sizes are taken after padding, as in the profile
 * files; layers with unequal window sides or strides have no benchmark and are left to the proxy.
 */
export function modelShapes(workloads: readonly Workload[]): KernelShape[] {
  const shapes = new Map<string, KernelShape>()
  for (const { kernel, matmul, conv } of workloads) {
    let shape: KernelShape | null = null
    if (matmul !== null) shape = { kernel: 'matmul', dims: [matmul.n, matmul.m, matmul.k] }
    else if (conv !== null && conv.ksH === conv.ksW && conv.strideH === conv.strideW) {
      const { h, w, c, k, ksH, strideH } = conv
      shape =
        kernel === 'depthwise'
          ? { kernel: 'depthwiseConv2d', dims: [h, w, c, ksH, strideH, 0] }
          : { kernel: 'conv2d', dims: [h, w, c, k, ksH, strideH, 0] }
    }
    if (shape !== null && isPossible(shape)) shapes.set(shapeKey(shape), shape)
  }
  return [...shapes.values()]
}
