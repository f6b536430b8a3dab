import type { OnnxNode } from '../onnx/onnx'
import { badShape } from '../onnx/importState'
import { maxElements } from './numbers'

/** Elements of a shape. @throws AppError model.unsupportedShape for sizes below 0 or beyond what is worked out at import. */
export function checkedCount(node: OnnxNode, dims: readonly number[]): number {
  const count = dims.reduce((product, size) => product * size, 1)
  if (dims.some((size) => !Number.isInteger(size) || size < 0) || count > maxElements) {
    throw badShape(node, `a tensor of [${dims.join(', ')}] is not worked out at import`)
  }
  return count
}
