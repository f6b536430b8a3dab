/** Kernels that a board can run and measure, in the order of their wire numbers (docs/protocol.md). */
export const kernelNames = [
  'matmul',
  'conv2d',
  'depthwiseConv2d',
  'maxPool',
  'avgPool',
  'add',
  'requantize',
  'flatten',
  'argmax'
] as const
export type KernelName = (typeof kernelNames)[number]
