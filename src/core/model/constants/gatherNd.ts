import { intAttribute, type OnnxNode, type OnnxTensor } from '../onnx/onnx'
import { badShape, unsupported } from '../onnx/importState'
import { checkedCount } from './checkedCount'
import { normalAxis, rowMajorStrides } from './indexing'
import { numbersOf } from './numbers'

/**
 * Places of the elements that GatherND takes and ScatterND replaces by known indices: their last axis names places along the first
 * axes of a tensor of `dims`.
 * @throws AppError model.unsupportedOperator for batch axes, model.unsupportedShape for places outside and results that are empty or too large
 */
export function placesByIndices(
  node: OnnxNode,
  dims: readonly number[],
  indices: OnnxTensor
): { dims: number[]; places: Int32Array } {
  if (intAttribute(node, 'batch_dims', 0) !== 0) throw unsupported(node, 'it goes item by item')
  const depth = indices.dims.at(-1) ?? 0
  if (depth < 1 || depth > dims.length)
    throw badShape(node, `its indices have ${depth} numbers each, for a tensor of ${dims.length} axes`)
  const rest = dims.slice(depth)
  const result = [...indices.dims.slice(0, -1), ...rest]
  const count = checkedCount(node, result)
  if (count === 0) throw badShape(node, 'nothing is left of the tensor')
  const strides = rowMajorStrides(dims)
  const slice = rest.reduce((product, size) => product * size, 1)
  const values = numbersOf(indices)
  const places = new Int32Array(count)
  for (let at = 0, next = 0; at < values.length; at += depth) {
    let from = 0
    for (let axis = 0; axis < depth; axis++) {
      const index = normalAxis(values[at + axis], dims[axis])
      if (index === null) throw badShape(node, `its indices lie outside [${dims.join(', ')}]`)
      from += index * strides[axis]
    }
    for (let own = 0; own < slice; own++) places[next++] = from + own
  }
  return { dims: result, places }
}
