import { AppError } from '../../../shared/errors'
import { intAttribute, intsAttribute, type OnnxNode } from '../onnx/onnx'
import {
  badShape,
  constantAt,
  hasInput,
  integersOf,
  unsupported,
  weightsAt,
  type ImportState
} from '../onnx/importState'
import { checkedCount } from '../constants/checkedCount'
import { placesByIndices } from '../constants/gatherNd'
import { broadcastDims, broadcastMap, offsetMap, rowMajorStrides, stridedMap } from '../constants/indexing'
import { axesArgument, axisOf, integersArgument } from './arguments'

/** Where the elements of an output come from: for each, the element of the first input; null: the same order. */
export interface Move {
  readonly dims: readonly number[]
  readonly map: Int32Array | null
}

/** Works out the outputs of an operator that only puts elements elsewhere. */
export type MovePlan = (state: ImportState, node: OnnxNode, dims: readonly number[]) => Move[]

const count = (dims: readonly number[]): number => dims.reduce((product, size) => product * size, 1)

const reshape: MovePlan = (state, node, dims) => {
  const target = integersArgument(state, node, 'shape', 1)
  if (target === undefined) throw unsupported(node, 'its target shape is missing')
  const keepsZero = intAttribute(node, 'allowzero', 0) !== 0
  const sizes = target.map((size, axis) => (size === 0 && !keepsZero ? (dims[axis] ?? 0) : size))
  if (state.batch > 1 && sizes[0] === state.batch) sizes[0] = 1
  else if (state.batch > 1 && sizes.length > 1 && sizes[0] !== 1 && sizes[0] !== -1)
    throw mixesBatch(state, node)
  const known = sizes.filter((size) => size !== -1).reduce((product, size) => product * size, 1)
  const resolved = sizes.map((size) => (size === -1 ? count(dims) / known : size))
  if (count(resolved) !== count(dims) || !resolved.every(Number.isInteger)) {
    throw badShape(
      node,
      `cannot turn [${dims.join(', ')}] into [${target.join(', ')}]`,
      'Export the network with batch 1; a reshape that mixes the batch with other axes is not read.'
    )
  }
  return [{ dims: resolved, map: null }]
}

const flatten: MovePlan = (_, node, dims) => {
  const axis = intAttribute(node, 'axis', 1)
  const at = axis < 0 ? axis + dims.length : axis
  if (at < 0 || at > dims.length)
    throw badShape(node, `axis ${axis} does not exist in a tensor of rank ${dims.length}`)
  return [{ dims: [count(dims.slice(0, at)), count(dims.slice(at))], map: null }]
}

const squeeze: MovePlan = (state, node, dims) => {
  const axes =
    axesArgument(state, node, 1, dims.length) ?? dims.flatMap((size, axis) => (size === 1 ? [axis] : []))
  for (const axis of axes)
    if (dims[axis] !== 1) throw badShape(node, `axis ${axis} of [${dims.join(', ')}] is not 1`)
  return [{ dims: dims.filter((_, axis) => !axes.includes(axis)), map: null }]
}

const unsqueeze: MovePlan = (state, node, dims) => {
  const given = integersArgument(state, node, 'axes', 1) ?? []
  const rank = dims.length + given.length
  const axes = given.map((axis) => axisOf(node, axis, rank))
  const rest = [...dims]
  return [
    {
      dims: Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : rest.shift()!)),
      map: null
    }
  ]
}

const transpose: MovePlan = (state, node, dims) => {
  const order = intsAttribute(node, 'perm') ?? dims.map((_, axis) => dims.length - 1 - axis)
  if ([...order].sort((a, b) => a - b).join() !== dims.map((_, axis) => axis).join())
    throw badShape(node, `[${order.join(', ')}] does not order the axes of a tensor of rank ${dims.length}`)
  const strides = rowMajorStrides(dims)
  if (state.batch > 1 && order[0] !== 0) throw mixesBatch(state, node)
  return [
    {
      dims: order.map((axis) => dims[axis]),
      map: stridedMap(
        order.map((axis) => dims[axis]),
        order.map((axis) => strides[axis])
      )
    }
  ]
}

const slice: MovePlan = (state, node, dims) => {
  const starts = integersArgument(state, node, 'starts', 1) ?? []
  const ends = integersArgument(state, node, 'ends', 2) ?? []
  const axes = axesArgument(state, node, 3, dims.length) ?? starts.map((_, axis) => axis)
  const steps = integersArgument(state, node, 'steps', 4) ?? starts.map(() => 1)
  const picked = dims.map((size) => Array.from({ length: size }, (_, index) => index))
  for (const [at, axis] of axes.entries()) {
    const size = dims[axis]
    const step = steps[at]
    if (step === 0) throw badShape(node, 'a step of 0')
    const limit = (index: number, low: number, high: number): number =>
      Math.max(low, Math.min(high, index < 0 ? index + size : index))
    const indices: number[] = []
    if (step > 0) {
      const end = limit(ends[at], 0, size)
      for (let index = limit(starts[at], 0, size); index < end; index += step) indices.push(index)
    } else {
      const end = limit(ends[at], -1, size - 1)
      for (let index = limit(starts[at], -1, size - 1); index > end; index += step) indices.push(index)
    }
    picked[axis] = indices
  }
  return [picking(state, node, dims, picked)]
}

const gather: MovePlan = (state, node, dims) => {
  const axis = axisOf(node, intAttribute(node, 'axis', 0), dims.length)
  const indices = constantAt(state, node, 1)
  if (indices === undefined) {
    throw unsupported(
      node,
      "its indices are computed from the network's input (an embedding)",
      'Feed the network with the embedded vectors: export it behind its embedding layer.'
    )
  }
  const picked = integersOf(indices).map((index) => axisOf(node, index, dims[axis]))
  const { map } = picking(
    state,
    node,
    dims,
    dims.map((size, at) => (at === axis ? picked : Array.from({ length: size }, (_, index) => index)))
  )
  return [{ dims: [...dims.slice(0, axis), ...indices.dims, ...dims.slice(axis + 1)], map }]
}

const gatherByIndices: MovePlan = (state, node, dims) => {
  const indices = constantAt(state, node, 1)
  if (indices === undefined) throw unsupported(node, 'its indices are computed')
  // Places of the first item would be read as those of every item.
  if (state.batch > 1 && constantAt(state, node, 0) === undefined) throw mixesBatch(state, node)
  const { dims: result, places } = placesByIndices(node, dims, indices)
  return [{ dims: result, map: places }]
}

const split: MovePlan = (state, node, dims) => {
  const axis = axisOf(node, intAttribute(node, 'axis', 0), dims.length)
  const parts = node.outputs.length
  const even = Math.ceil(dims[axis] / parts)
  const sizes =
    integersArgument(state, node, 'split', 1) ??
    Array.from({ length: parts }, (_, part) => Math.min(even, dims[axis] - part * even))
  if (sizes.length !== parts || count([sizes.reduce((a, b) => a + b, 0)]) !== dims[axis])
    throw badShape(node, `cannot split ${dims[axis]} into [${sizes.join(', ')}]`)
  let from = 0
  return sizes.map((size) => {
    const begin = from
    from += size
    const picked = dims.map((length, at) =>
      Array.from({ length: at === axis ? size : length }, (_, index) => index + (at === axis ? begin : 0))
    )
    return picking(state, node, dims, picked)
  })
}

const expand: MovePlan = (state, node, dims) => {
  const target = integersOf(weightsAt(state, node, 1))
  // A constant that is repeated for each item is the same for all of them.
  const isOfItems = target.length === dims.length || constantAt(state, node, 0) !== undefined
  if (state.batch > 1 && isOfItems && target[0] === state.batch) target[0] = 1
  const result = broadcastDims(dims, target)
  if (result === null) throw badShape(node, `cannot expand [${dims.join(', ')}] to [${target.join(', ')}]`)
  checkedCount(node, result)
  return [{ dims: result, map: broadcastMap(dims, result) }]
}

const tile: MovePlan = (state, node, dims) => {
  const repeats = integersOf(weightsAt(state, node, 1))
  checkedCount(
    node,
    dims.map((size, axis) => size * repeats[axis])
  )
  const picked = dims.map((size, axis) => Array.from({ length: size * repeats[axis] }, (_, at) => at % size))
  return [picking(state, node, dims, picked)]
}

/** [1, C, H, W] to [1, C/b², H*b, W*b]. */
const depthToSpace: MovePlan = (_, node, dims) => {
  const block = intAttribute(node, 'blocksize', 1)
  const [batch, channels, height, width] = image(node, dims)
  const depth = channels / (block * block)
  if (!Number.isInteger(depth))
    throw badShape(node, `${channels} channels are no blocks of ${block}x${block}`)
  const isColumnRow = node.attributes['mode']?.kind === 'string' && node.attributes['mode'].value === 'CRD'
  const plane = height * width
  const [blockRow, blockColumn, ownChannel] = isColumnRow
    ? [block * plane, plane, block * block * plane]
    : [block * depth * plane, depth * plane, plane]
  return [
    {
      dims: [batch, depth, height * block, width * block],
      map: stridedMap(
        [batch, depth, height, block, width, block],
        [channels * plane, ownChannel, width, blockRow, 1, blockColumn]
      )
    }
  ]
}

const spaceToDepth: MovePlan = (_, node, dims) => {
  const block = intAttribute(node, 'blocksize', 1)
  const [batch, channels, height, width] = image(node, dims)
  const [rows, columns] = [height / block, width / block]
  if (!Number.isInteger(rows) || !Number.isInteger(columns))
    throw badShape(node, `${height}x${width} is no multiple of ${block}`)
  const plane = height * width
  return [
    {
      dims: [batch, channels * block * block, rows, columns],
      map: stridedMap(
        [batch, block, block, channels, rows, columns],
        [channels * plane, width, 1, plane, block * width, block]
      )
    }
  ]
}

const same: MovePlan = (_state, _node, dims) => [{ dims, map: null }]

/** Dropout of a network that is not trained; its mask is all true and not read. */
const dropout: MovePlan = (state, node, dims) => {
  if (hasInput(node, 2) && Number(constantAt(state, node, 2)?.data[0] ?? 1) !== 0)
    throw unsupported(
      node,
      'it was exported in training mode, so its result is random',
      'Export the network in inference mode (model.eval() in PyTorch).'
    )
  return [{ dims, map: null }]
}

const plans = new Map<string, MovePlan>([
  ['Reshape', reshape],
  ['Flatten', flatten],
  ['Squeeze', squeeze],
  ['Unsqueeze', unsqueeze],
  ['Transpose', transpose],
  ['Slice', slice],
  ['Gather', gather],
  ['GatherND', gatherByIndices],
  ['Split', split],
  ['Expand', expand],
  ['Tile', tile],
  ['DepthToSpace', depthToSpace],
  ['SpaceToDepth', spaceToDepth],
  ['Identity', same],
  ['Dropout', dropout]
])

/** Returns how an operator moves elements; undefined for operators that compute. */
export function movePlan(opType: string): MovePlan | undefined {
  return plans.get(opType)
}

export const moveOperators: readonly string[] = [...plans.keys()]

/** The elements whose index along each axis is one of those listed. */
function picking(
  state: ImportState,
  node: OnnxNode,
  dims: readonly number[],
  picked: readonly (readonly number[])[]
): Move {
  const result = picked.map((indices) => indices.length)
  // Of a known tensor nothing may be left: exporters cut shapes so.
  if (count(result) === 0 && constantAt(state, node, 0) === undefined)
    throw badShape(node, 'nothing is left of the tensor')
  checkedCount(node, result)
  const strides = rowMajorStrides(dims)
  return {
    dims: result,
    map: offsetMap(picked.map((indices, axis) => indices.map((index) => index * strides[axis])))
  }
}

function image(node: OnnxNode, dims: readonly number[]): [number, number, number, number] {
  if (dims.length !== 4) throw badShape(node, 'only images [batch, channels, height, width] are supported')
  return dims as unknown as [number, number, number, number]
}

/** Returns the error for what may mix the items of a fixed batch, of which one is read. */
export function mixesBatch(state: ImportState, node: OnnxNode): Error {
  return new AppError(
    'model.unsupportedShape',
    `Node "${node.name}" (${node.opType}): it may mix the ${state.batch} items of the network's fixed batch.`,
    'Export the network with batch 1 or with a symbolic batch dimension.',
    { details: { node: node.name, operator: node.opType, mixesItems: true } }
  )
}
