import { constantOf, gathered, numbersOf, typeOf } from '../../model/constants/numbers'
import { checkedCount } from '../../model/constants/checkedCount'
import { constantEvaluator } from '../../model/constants/evaluate'
import { placesByIndices } from '../../model/constants/gatherNd'
import { textAttribute, type OnnxNode, type OnnxTensor } from '../../model/onnx/onnx'
import { placesInConcat, moveOf, movesOnly, splitMoves } from './movement'

/** Operators worked out before any token is known: positions, rotations, masks, sizes. */

type Known = readonly (OnnxTensor | undefined)[]

/** The value of a Constant node. */
function valueOf(node: OnnxNode): OnnxTensor | null {
  const [name, attribute] = Object.entries(node.attributes).at(0) ?? []
  if (attribute?.kind === 'tensor') return attribute.value
  if (attribute?.kind === 'int') return constantOf('int64', [], [attribute.value])
  if (attribute?.kind === 'float') return constantOf('float32', [], [attribute.value])
  if (attribute?.kind === 'ints' && name === 'value_ints')
    return constantOf('int64', [attribute.value.length], attribute.value)
  if (attribute?.kind === 'floats') return constantOf('float32', [attribute.value.length], attribute.value)
  return null
}

/** Two lists multiplied each by each: frequencies by positions. */
function outer(node: OnnxNode, [a, b]: Known): OnnxTensor | null {
  const equation = textAttribute(node, 'equation', '').replaceAll(' ', '')
  if (!/^([a-z]),(?!\1)([a-z])->\1\2$/.test(equation)) return null
  const [x, y] = [numbersOf(a!), numbersOf(b!)]
  const values = new Float64Array(checkedCount(node, [x.length, y.length]))
  for (let i = 0, at = 0; i < x.length; i++) for (let j = 0; j < y.length; j++) values[at++] = x[i] * y[j]
  return constantOf('float32', [x.length, y.length], values)
}

/** Slices of a tensor at the places that the last axis of the indices names. */
function gatheredAt(node: OnnxNode, [data, indices]: Known): OnnxTensor {
  const { dims, places } = placesByIndices(node, data!.dims, indices!)
  return gathered(data!, dims, places)
}

const others: Readonly<Record<string, (node: OnnxNode, inputs: Known) => OnnxTensor | null>> = {
  Constant: (node) => valueOf(node),
  Einsum: outer,
  GatherND: gatheredAt,
  Concat: (node, inputs) => {
    const parts = inputs.map((input) => input!)
    const { dims, places } = placesInConcat(
      node,
      parts.map((part) => part.dims)
    )
    const values = new Float64Array(dims.reduce((count, size) => count * size, 1))
    for (const [index, part] of parts.entries()) {
      const own = numbersOf(part)
      for (const [at, place] of places[index].entries()) if (place >= 0) values[at] = own[place]
    }
    return constantOf(typeOf(parts[0].data), dims, values)
  }
}

/**
 * Results of a node whose inputs are all known; null where nothing here works it out.
 * @throws AppError for shapes that do not fit
 */
export function knownResults(node: OnnxNode, inputs: Known): OnnxTensor[] | null {
  const [first] = inputs
  if (node.opType === 'Split' && first !== undefined)
    return splitMoves(node, first.dims, inputs[1]).map(({ dims, places }) => gathered(first, dims, places))
  const own = Object.hasOwn(others, node.opType) ? others[node.opType](node, inputs) : null
  if (own !== null) return [own]
  if (first !== undefined && movesOnly(node.opType) && node.opType !== 'Cast') {
    const { dims, places } = moveOf(node, first.dims, inputs)
    return [gathered(first, dims, places)]
  }
  const evaluate = constantEvaluator(node.opType)
  return evaluate === undefined ? null : [evaluate(node, inputs)]
}
