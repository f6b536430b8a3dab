import { floatAttribute, intAttribute, type OnnxNode } from '../../model/onnx/onnx'
import type { Network } from './network'

/** A node that multiplies by constant weights, or looks rows of them up. */
export interface WeightedOperator {
  readonly node: OnnxNode
  readonly kind: 'matmul' | 'gemm' | 'conv' | 'table'
  /** Value that holds the weights. */
  readonly weights: string
}

/** Reads a node as a weighted one; null when its operands are both computed, or it is another operator. */
export function weightedNode(network: Network, node: OnnxNode): WeightedOperator | null {
  const { opType, inputs } = node
  const constant = (at: number): boolean => network.constants.has(inputs[at] ?? '')
  if (opType === 'MatMul' && constant(1) && !constant(0)) {
    return { node, kind: 'matmul', weights: inputs[1] }
  }
  if (opType === 'Gemm' && constant(1) && !constant(0)) return { node, kind: 'gemm', weights: inputs[1] }
  if (opType === 'Conv' && constant(1)) return { node, kind: 'conv', weights: inputs[1] }
  if (opType === 'Gather' && constant(0) && !constant(1)) {
    return { node, kind: 'table', weights: inputs[0] }
  }
  return null
}

/** Whether a Gemm is x W (or x Wᵀ) + b and nothing more. */
export function isPlainGemm(node: OnnxNode): boolean {
  return (
    intAttribute(node, 'transA', 0) === 0 &&
    floatAttribute(node, 'alpha', 1) === 1 &&
    floatAttribute(node, 'beta', 1) === 1
  )
}

/** Multiply-accumulate operations of one call, from the shapes of the values; 0 for operators that only move or add. */
export function operatorMacs(
  node: OnnxNode,
  shapeOf: (value: string) => readonly number[] | undefined
): number {
  const output = shapeOf(node.outputs[0] ?? '')
  if (output === undefined) return 0
  const size = output.reduce((product, length) => product * length, 1)
  if (node.opType === 'MatMul') return size * (shapeOf(node.inputs[0] ?? '')?.at(-1) ?? 0)
  if (node.opType === 'Gemm') {
    const first = shapeOf(node.inputs[0] ?? '')
    return size * (first?.[intAttribute(node, 'transA', 0) === 0 ? 1 : 0] ?? 0)
  }
  if (node.opType === 'Conv') {
    const kernel = shapeOf(node.inputs[1] ?? '') ?? []
    return size * kernel.slice(1).reduce((product, length) => product * length, 1)
  }
  return 0
}
