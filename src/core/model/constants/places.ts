import { intAttribute, textAttribute, type OnnxNode, type OnnxTensor } from '../onnx/onnx'
import { badShape, unsupported } from '../onnx/importState'
import { checkedCount } from './checkedCount'
import { placesByIndices } from './gatherNd'
import { normalAxis, rowMajorStrides } from './indexing'
import { constantOf, numbersOf, typeOf } from './numbers'

/** Known tensors made or changed at places that other known tensors name. */

const joins: Readonly<Record<string, (old: number, update: number) => number>> = {
  none: (_, update) => update,
  add: (old, update) => old + update,
  mul: (old, update) => old * update,
  max: Math.max,
  min: Math.min
}

/** ScatterND: slices of a tensor replaced, or joined with others, at the places that the last axis of the indices names. */
export function scatteredAt(
  node: OnnxNode,
  data: OnnxTensor,
  indices: OnnxTensor,
  updates: OnnxTensor
): OnnxTensor {
  const [values, own] = [numbersOf(data), numbersOf(updates)]
  if (own.length === 0) return data
  const reduction = textAttribute(node, 'reduction', 'none')
  if (!Object.hasOwn(joins, reduction)) throw unsupported(node, `the reduction "${reduction}" is not known`)
  const { places } = placesByIndices(node, data.dims, indices)
  if (own.length !== places.length)
    throw badShape(node, `it has ${own.length} values for ${places.length} places`)
  for (const [at, place] of places.entries()) values[place] = joins[reduction](values[place], own[at])
  return constantOf(typeOf(data.data), data.dims, values)
}

/** OneHot: along a new axis the second of two values where the index says so, the first elsewhere; an index outside names no place. */
export function oneHot(
  node: OnnxNode,
  indices: OnnxTensor,
  depth: OnnxTensor,
  values: OnnxTensor
): OnnxTensor {
  const size = numbersOf(depth)[0]
  const axis = normalAxis(intAttribute(node, 'axis', -1), indices.dims.length + 1)
  if (axis === null) throw badShape(node, 'its axis does not exist')
  const dims = [...indices.dims.slice(0, axis), size, ...indices.dims.slice(axis)]
  const [off, on] = numbersOf(values)
  const filled = new Float64Array(checkedCount(node, dims)).fill(off)
  const step = rowMajorStrides(dims)[axis]
  for (const [at, index] of numbersOf(indices).entries()) {
    const own = index < 0 ? index + size : index
    if (own >= 0 && own < size) filled[Math.floor(at / step) * step * size + own * step + (at % step)] = on
  }
  return constantOf(typeOf(values.data), dims, filled)
}

/** NonZero: the indices of what is not 0, [axes, found], in row-major order. */
export function placesOfNonZero(input: OnnxTensor): OnnxTensor {
  const strides = rowMajorStrides(input.dims)
  const found = [...numbersOf(input).entries()].flatMap(([place, value]) => (value === 0 ? [] : [place]))
  const indices = input.dims.flatMap((size, axis) =>
    found.map((place) => Math.floor(place / strides[axis]) % size)
  )
  return constantOf('int64', [input.dims.length, found.length], indices)
}
