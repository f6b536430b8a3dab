import { floatAttribute, intsAttribute, type OnnxNode } from '../onnx/onnx'
import {
  badShape,
  constantAt,
  hasInput,
  integersOf,
  unsupported,
  type ImportState
} from '../onnx/importState'
import { normalAxis } from '../constants/indexing'

/** Arguments that were attributes in older opsets and are constant inputs in newer ones. */

/** A list of integers; undefined when it is given neither way. @throws AppError where it is computed from the input. */
export function integersArgument(
  state: ImportState,
  node: OnnxNode,
  attribute: string,
  position: number
): number[] | undefined {
  const own = intsAttribute(node, attribute)
  if (own !== undefined) return [...own]
  if (!hasInput(node, position)) return undefined
  const tensor = constantAt(state, node, position)
  if (tensor === undefined) throw computed(node, attribute)
  return integersOf(tensor)
}

/** A number; undefined when it is given neither way. */
export function numberArgument(
  state: ImportState,
  node: OnnxNode,
  attribute: string,
  position: number
): number | undefined {
  if (node.attributes[attribute]?.kind === 'float') return floatAttribute(node, attribute, 0)
  if (!hasInput(node, position)) return undefined
  const tensor = constantAt(state, node, position)
  if (tensor === undefined) throw computed(node, attribute)
  return integersOf(tensor)[0]
}

/** Axes from 0; undefined when none are given. */
export function axesArgument(
  state: ImportState,
  node: OnnxNode,
  position: number,
  rank: number
): number[] | undefined {
  return integersArgument(state, node, 'axes', position)?.map((axis) => axisOf(node, axis, rank))
}

/** Returns an axis as 0..rank-1; negative ones count from the end. @throws AppError where there is none */
export function axisOf(node: OnnxNode, axis: number, rank: number): number {
  const normal = normalAxis(axis, rank)
  if (normal === null) throw badShape(node, `axis ${axis} does not exist in a tensor of rank ${rank}`)
  return normal
}

function computed(node: OnnxNode, what: string): Error {
  return unsupported(
    node,
    `its ${what} are computed from the network's input`,
    'Export the network with fixed sizes (no dynamic axes but the batch) so that shapes are constants.'
  )
}
