import {
  broadcastDims,
  broadcastMap,
  normalAxis,
  offsetMap,
  rowMajorStrides,
  stridedMap
} from '../../model/constants/indexing'
import { numbersOf } from '../../model/constants/numbers'
import { checkedCount } from '../../model/constants/checkedCount'
import { badShape, unsupported } from '../../model/onnx/importState'
import { intAttribute, intsAttribute, type OnnxNode, type OnnxTensor } from '../../model/onnx/onnx'
import { formSize } from './form'

/** Where the elements of a result come from. */
export interface ElementMove {
  readonly dims: readonly number[]
  /** Per element of the result, the element of the input. */
  readonly places: Int32Array
}

type MoveReader = (
  node: OnnxNode,
  dims: readonly number[],
  constants: readonly (OnnxTensor | undefined)[]
) => ElementMove

const inOrder = (dims: readonly number[]): ElementMove => ({
  dims,
  places: Int32Array.from({ length: formSize(dims) }, (_, at) => at)
})

/** A list given as an attribute (older operator sets) or as an input. */
function listOf(node: OnnxNode, name: string, input: OnnxTensor | undefined): readonly number[] | undefined {
  return intsAttribute(node, name) ?? (input === undefined ? undefined : [...numbersOf(input)])
}

function axisOf(node: OnnxNode, axis: number, rank: number): number {
  const found = normalAxis(axis, rank)
  if (found === null) throw badShape(node, `there is no axis ${axis} of ${rank}`)
  return found
}

function reshaped(node: OnnxNode, dims: readonly number[], wanted: readonly number[]): ElementMove {
  const keepZero = intAttribute(node, 'allowzero', 0) !== 0
  const sizes = wanted.map((size, axis) => (size === 0 && !keepZero ? dims[axis] : size))
  const known = formSize(sizes.filter((size) => size !== -1))
  const result = sizes.map((size) => (size === -1 ? formSize(dims) / known : size))
  if (formSize(result) !== formSize(dims)) throw badShape(node, `[${dims}] cannot become [${wanted}]`)
  return inOrder(result)
}

function sliced(
  node: OnnxNode,
  dims: readonly number[],
  constants: readonly (OnnxTensor | undefined)[]
): ElementMove {
  const starts = listOf(node, 'starts', constants[1])!
  const ends = listOf(node, 'ends', constants[2])!
  const axes = listOf(node, 'axes', constants[3]) ?? starts.map((_, at) => at)
  const steps = constants[4] === undefined ? starts.map(() => 1) : [...numbersOf(constants[4])]
  const result = [...dims]
  const strides = rowMajorStrides(dims)
  let offset = 0
  for (const [at, axis] of axes.entries()) {
    const own = axisOf(node, axis, dims.length)
    const [size, step] = [dims[own], steps[at]]
    const within = (index: number, low: number, high: number): number =>
      Math.min(high, Math.max(low, index < 0 ? index + size : index))
    const from = step > 0 ? within(starts[at], 0, size) : within(starts[at], 0, size - 1)
    const to = step > 0 ? within(ends[at], 0, size) : within(ends[at], -1, size - 1)
    result[own] = Math.max(0, Math.ceil((to - from) / step))
    offset += from * strides[own]
    strides[own] *= step
  }
  return { dims: result, places: stridedMap(result, strides, offset) }
}

function gathered(node: OnnxNode, dims: readonly number[], indices: OnnxTensor): ElementMove {
  const axis = axisOf(node, intAttribute(node, 'axis', 0), dims.length)
  const strides = rowMajorStrides(dims)
  const own = [...numbersOf(indices)].map((index) => (index < 0 ? index + dims[axis] : index))
  if (own.some((index) => index < 0 || index >= dims[axis]))
    throw badShape(node, `an index lies outside the ${dims[axis]} elements of axis ${axis}`)
  checkedCount(node, [...dims.slice(0, axis), own.length, ...dims.slice(axis + 1)])
  const offsets = dims.map((size, at) =>
    at === axis
      ? own.map((index) => index * strides[at])
      : Array.from({ length: size }, (_, index) => index * strides[at])
  )
  return {
    dims: [...dims.slice(0, axis), ...indices.dims, ...dims.slice(axis + 1)],
    places: offsetMap(offsets)
  }
}

const movers: Readonly<Record<string, MoveReader>> = {
  Identity: (_, dims) => inOrder(dims),
  Cast: (_, dims) => inOrder(dims),
  Dropout: (_, dims) => inOrder(dims),
  Reshape: (node, dims, [, shape]) => reshaped(node, dims, listOf(node, 'shape', shape)!),
  Flatten: (node, dims) => {
    const axis = intAttribute(node, 'axis', 1)
    return inOrder([formSize(dims.slice(0, axis)), formSize(dims.slice(axis))])
  },
  Unsqueeze: (node, dims, [, axes]) => {
    const list = listOf(node, 'axes', axes)!
    const rank = dims.length + list.length
    const added = new Set(list.map((axis) => axisOf(node, axis, rank)))
    let next = 0
    return inOrder(Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : dims[next++])))
  },
  Squeeze: (node, dims, [, axes]) => {
    const list = listOf(node, 'axes', axes)?.map((axis) => axisOf(node, axis, dims.length))
    return inOrder(dims.filter((size, axis) => (list === undefined ? size !== 1 : !list.includes(axis))))
  },
  Transpose: (node, dims) => {
    const order = intsAttribute(node, 'perm') ?? dims.map((_, axis) => dims.length - 1 - axis)
    const strides = rowMajorStrides(dims)
    const result = order.map((axis) => dims[axis])
    return {
      dims: result,
      places: stridedMap(
        result,
        order.map((axis) => strides[axis])
      )
    }
  },
  Slice: sliced,
  Gather: (node, dims, [, indices]) => gathered(node, dims, indices!),
  Expand: (node, dims, [, shape]) => {
    const result = broadcastDims(dims, [...numbersOf(shape!)])
    if (result === null) throw badShape(node, `[${dims}] cannot be expanded`)
    checkedCount(node, result)
    return { dims: result, places: broadcastMap(dims, result) }
  },
  Tile: (node, dims, [, repeats]) => {
    const strides = rowMajorStrides(dims)
    const counts = [...numbersOf(repeats!)]
    checkedCount(
      node,
      dims.map((size, axis) => size * counts[axis])
    )
    const offsets = dims.map((size, axis) =>
      Array.from({ length: size * counts[axis] }, (_, index) => (index % size) * strides[axis])
    )
    return { dims: dims.map((size, axis) => size * counts[axis]), places: offsetMap(offsets) }
  }
}

/** Whether an operator only puts elements of its first input elsewhere. */
export const movesOnly = (opType: string): boolean => Object.hasOwn(movers, opType)

/**
 * Where an operator takes each element of its first input from.
 * @throws AppError model.unsupportedOperator where sizes depend on the tokens, model.unsupportedShape
 */
export function moveOf(
  node: OnnxNode,
  dims: readonly number[],
  constants: readonly (OnnxTensor | undefined)[]
): ElementMove {
  for (const [index, name] of node.inputs.entries())
    if (index > 0 && name !== '' && constants[index] === undefined && node.opType !== 'Dropout')
      throw unsupported(node, `its input "${name}" depends on the tokens`)
  return movers[node.opType](node, dims, constants)
}

/** The parts of a Split, in order. */
export function splitMoves(
  node: OnnxNode,
  dims: readonly number[],
  sizes: OnnxTensor | undefined
): ElementMove[] {
  const axis = axisOf(node, intAttribute(node, 'axis', 0), dims.length)
  const each = Math.ceil(dims[axis] / node.outputs.length)
  const parts =
    listOf(node, 'split', sizes) ??
    node.outputs.map((_, at) => Math.max(0, Math.min(each, dims[axis] - at * each)))
  const strides = rowMajorStrides(dims)
  let from = 0
  return parts.map((size) => {
    const result = dims.map((own, at) => (at === axis ? size : own))
    const places = stridedMap(result, strides, from * strides[axis])
    from += size
    return { dims: result, places }
  })
}

/** For a Concat: the dims of the result, and per input where its elements lie in it (-1 elsewhere). */
export function placesInConcat(
  node: OnnxNode,
  shapes: readonly (readonly number[])[]
): { dims: number[]; places: Int32Array[] } {
  const [first] = shapes
  const axis = axisOf(node, intAttribute(node, 'axis', 0), first.length)
  const dims = first.map((size, at) =>
    at === axis ? shapes.reduce((sum, shape) => sum + shape[axis], 0) : size
  )
  // Each input has places for the whole result.
  checkedCount(node, [shapes.length, ...dims])
  let from = 0
  const places = shapes.map((shape) => {
    const begin = from
    from += shape[axis]
    const strides = rowMajorStrides(shape)
    return offsetMap(
      dims.map((size, at) =>
        Array.from({ length: size }, (_, index) => {
          if (at !== axis) return index * strides[at]
          return index < begin || index >= begin + shape[axis] ? -1 : (index - begin) * strides[at]
        })
      )
    )
  })
  return { dims, places }
}
