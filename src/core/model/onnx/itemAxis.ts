import { axesArgument, axisOf, integersArgument } from '../operators/arguments'
import { sizeOf } from '../graph'
import { intAttribute, intsAttribute, type OnnxNode } from './onnx'
import { constantAt, dimsAt, hasInput, type ImportState } from './importState'

/**
 * Of a network exported with a fixed batch one item is read, so the first axis of every computed value has size 1 and stands for
 * the items. Returns whether an operator uses that axis in another way, or moves it: its result would be one item's, not the file's.
 */
export function mayMixItems(state: ImportState, node: OnnxNode): boolean {
  if (state.batch === 1 || !node.inputs.some((_, position) => isComputed(state, node, position))) return false
  return usesItemSizes(state, node) || rules.get(node.opType)?.(state, node) === true
}

/** Notes what is made of the number of items: the Shape of a computed value, and all known numbers that its first entry goes into. */
export function noteItemSizes(state: ImportState, node: OnnxNode): void {
  if (state.batch === 1) return
  const isShape =
    node.opType === 'Shape' && isComputed(state, node, 0) && intAttribute(node, 'start', 0) === 0
  const isMade =
    (sized.has(node.opType) ? node.inputs.slice(0, 1) : node.inputs).some((name) =>
      state.itemSizes.has(name)
    ) &&
    node.opType !== 'ConstantOfShape' &&
    !node.inputs.some((_, position) => isComputed(state, node, position)) &&
    !takesOthers(state, node)
  if (isShape || isMade) for (const name of node.outputs) state.itemSizes.add(name)
}

/** Whether a Gather or Slice takes none but other entries than the first of a list of sizes. */
function takesOthers(state: ImportState, node: OnnxNode): boolean {
  const from = node.opType === 'Gather' ? 'indices' : node.opType === 'Slice' ? 'starts' : null
  const places = from === null ? [] : (integersArgument(state, node, from, 1) ?? [])
  const [length = 0] = dimsAt(state, node, 0)
  return places.length > 0 && places.every((place) => place !== 0 && place > -length)
}

/** Operators that take sizes as arguments; to others they are numbers like any. */
const sized: ReadonlySet<string> = new Set([
  'Reshape',
  'Expand',
  'Tile',
  'Slice',
  'Resize',
  'Upsample',
  'Pad',
  'Split'
])

/** Whether the number of items is one of the numbers that an operator computes with. */
function usesItemSizes(state: ImportState, node: OnnxNode): boolean {
  return !sized.has(node.opType) && node.inputs.some((name) => state.itemSizes.has(name))
}

/** Whether an operator joins the items of a symbolic batch to one value: the network is run with one item then. */
export function joinsItems(state: ImportState, node: OnnxNode): boolean {
  if (!state.isOpenBatch || !joining.has(node.opType)) return false
  const first = node.inputs.find((name) => state.values.has(name))
  if (first === undefined || state.turned.has(first) || state.values.get(first)!.dims[0] !== 1) return false
  return rules.get(node.opType)?.(state, node) === true
}

/** Keeps which values of a network of a symbolic batch have another axis than the items' in front. */
export function noteTurned(state: ImportState, node: OnnxNode): void {
  if (!state.isOpenBatch) return
  const isTurned = node.inputs.some((name) => state.turned.has(name))
  const turns = node.opType === 'Transpose' && transpose(state, node)
  if (isTurned !== turns) for (const name of node.outputs) state.turned.add(name)
}

type Rule = (state: ImportState, node: OnnxNode) => boolean

const isComputed = (state: ImportState, node: OnnxNode, position: number): boolean =>
  hasInput(node, position) && constantAt(state, node, position) === undefined

/** Broadcasting: a computed value of fewer axes than another operand has its items along another axis than the result. */
const broadcast: Rule = (state, node) => {
  const given = node.inputs.map((_, position) => position).filter((position) => hasInput(node, position))
  const rank = Math.max(...given.map((position) => dimsAt(state, node, position).length))
  return given.some(
    (position) => isComputed(state, node, position) && dimsAt(state, node, position).length !== rank
  )
}

/** An operator over one axis, which is the attribute's or a default. */
const alongAxis =
  (fallback: (state: ImportState) => number): Rule =>
  (state, node) => {
    if (!isComputed(state, node, 0)) return false
    const rank = dimsAt(state, node, 0).length
    return axisOf(node, intAttribute(node, 'axis', fallback(state)), rank) === 0
  }

/** Rows times columns: items along the rows of the left operand, or along axes in front of both matrices. */
const product =
  (left: number, right: number): Rule =>
  (state, node) => {
    const [a, b] = [left, right].map((position) => ({
      rank: dimsAt(state, node, position).length,
      isComputed: isComputed(state, node, position)
    })) as [Operand, Operand]
    if (a.isComputed && b.isComputed) return a.rank !== b.rank || a.rank < 3
    if (a.isComputed) return a.rank < 2 || b.rank > Math.max(2, a.rank)
    return b.rank < 3 || a.rank > b.rank
  }

interface Operand {
  readonly rank: number
  readonly isComputed: boolean
}

const gemm: Rule = (state, node) => {
  const isRows = isComputed(state, node, 0) && intAttribute(node, 'transA', 0) === 0
  const addsColumns = isComputed(state, node, 2) && dimsAt(state, node, 2).length < 2
  return !isRows || isComputed(state, node, 1) || addsColumns
}

const flatten: Rule = (state, node) => {
  const rank = dimsAt(state, node, 0).length
  const axis = intAttribute(node, 'axis', 1)
  return (axis < 0 ? axis + rank : axis) !== 1
}

/** [-1, …] where the rest is no item, and a 1 in front that does not come from the Shape of an item. */
const reshape: Rule = (state, node) => {
  const target = integersArgument(state, node, 'shape', 1) ?? []
  const [first, ...rest] = target
  if (target.length === 1) return first !== state.batch
  const dims = dimsAt(state, node, 0)
  if (first === -1) {
    const sizes = rest.map((size, axis) => (size === 0 ? (dims[axis + 1] ?? 1) : size))
    return sizeOf(sizes) !== sizeOf(dims)
  }
  return first === 1 && !state.itemSizes.has(node.inputs[1] ?? '')
}

const squeeze: Rule = (state, node) => {
  const axes = axesArgument(state, node, 1, dimsAt(state, node, 0).length)
  return axes === undefined || axes.includes(0)
}

const unsqueeze: Rule = (state, node) => {
  const axes = integersArgument(state, node, 'axes', 1) ?? []
  const rank = dimsAt(state, node, 0).length + axes.length
  return axes.some((axis) => axisOf(node, axis, rank) === 0)
}

/** A slice of the items is none where it takes all of them. */
const slice: Rule = (state, node) => {
  const starts = integersArgument(state, node, 'starts', 1) ?? []
  const ends = integersArgument(state, node, 'ends', 2) ?? []
  const axes = axesArgument(state, node, 3, dimsAt(state, node, 0).length) ?? starts.map((_, axis) => axis)
  const steps = integersArgument(state, node, 'steps', 4)
  const at = axes.indexOf(0)
  return at >= 0 && (starts[at] !== 0 || ends[at] < state.batch || (steps?.[at] ?? 1) !== 1)
}

/** Rows of a table by computed indices keep the items where they are fetched along the table's first axis. */
const gather: Rule = (state, node) => {
  const data = isComputed(state, node, 0) ? 0 : 1
  return axisOf(node, intAttribute(node, 'axis', 0), dimsAt(state, node, 0).length) === 0
    ? data === 0
    : data === 1
}

const expand: Rule = (state, node) => {
  const target = integersArgument(state, node, '', 1) ?? []
  return target.length > dimsAt(state, node, 0).length
}

const transpose: Rule = (_, node) => {
  const order = intsAttribute(node, 'perm')
  return order === undefined ? true : order[0] !== 0
}

const reduce: Rule = (state, node) => {
  const axes = axesArgument(state, node, 1, dimsAt(state, node, 0).length) ?? []
  return axes.length === 0 ? intAttribute(node, 'noop_with_empty_axes', 0) === 0 : axes.includes(0)
}

const pad: Rule = (state, node) => {
  if (hasInput(node, 3))
    return (
      axesArgument(state, { ...node, attributes: {} }, 3, dimsAt(state, node, 0).length) ?? []
    ).includes(0)
  const pads = integersArgument(state, node, 'pads', 1) ?? []
  return pads[0] !== 0 || pads[pads.length / 2] !== 0
}

const runningSum: Rule = (state, node) => {
  const [axis = 0] = integersArgument(state, node, '', 1) ?? []
  return axisOf(node, axis, dimsAt(state, node, 0).length) === 0
}

const tile: Rule = (state, node) => (integersArgument(state, node, '', 1) ?? [])[0] !== 1

const always: Rule = () => true

const reductions = [
  'ReduceMean',
  'ReduceSum',
  'ReduceMax',
  'ReduceMin',
  'ReduceL1',
  'ReduceL2',
  'ReduceSumSquare',
  'ReduceLogSum',
  'ReduceLogSumExp'
]

const recurrences = ['LSTM', 'GRU', 'RNN']

const joining: ReadonlySet<string> = new Set([
  ...reductions,
  ...recurrences,
  'Softmax',
  'LogSoftmax',
  'ArgMax',
  'Concat',
  'CumSum',
  'Gather',
  'LayerNormalization',
  'Pad',
  'RMSNormalization',
  'Slice',
  'Split',
  'Tile'
])

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...[
    'Add',
    'Sub',
    'Mul',
    'Div',
    'Pow',
    'Sum',
    'Mean',
    'Min',
    'Max',
    'Where',
    'Equal',
    'And',
    'PRelu',
    'Or',
    'Xor',
    'Less',
    'LessOrEqual',
    'Greater',
    'GreaterOrEqual'
  ].map((name): [string, Rule] => [name, broadcast]),
  ['MatMul', product(0, 1)],
  ['FusedMatMul', product(0, 1)],
  ['MatMulInteger', product(0, 1)],
  ['QLinearMatMul', product(0, 3)],
  ['Gemm', gemm],
  ['Softmax', alongAxis(({ opset }) => (opset < 13 ? 1 : -1))],
  ['LogSoftmax', alongAxis(({ opset }) => (opset < 13 ? 1 : -1))],
  ['ArgMax', alongAxis(() => 0)],
  ['Split', alongAxis(() => 0)],
  ['LayerNormalization', alongAxis(() => -1)],
  ['RMSNormalization', alongAxis(() => -1)],
  [
    'Concat',
    (state, node) => axisOf(node, intAttribute(node, 'axis', 0), dimsAt(state, node, 0).length) === 0
  ],
  ...reductions.map((name): [string, Rule] => [name, reduce]),
  ['Transpose', transpose],
  ['Pad', pad],
  ['Tile', tile],
  ['Flatten', flatten],
  ['Reshape', reshape],
  ['Squeeze', squeeze],
  ['Unsqueeze', unsqueeze],
  ['Slice', slice],
  ['Gather', gather],
  ['Expand', expand],
  ['CumSum', runningSum],
  ...[...recurrences, 'Size', 'Einsum'].map((name): [string, Rule] => [name, always])
])
