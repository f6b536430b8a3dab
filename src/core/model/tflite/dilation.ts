import { numbersOf } from '../constants/numbers'
import { readOperator } from './readOperator'
import { storedTensor } from './tensors'
import type { TfliteModel, TfliteOperator, TfliteTensor } from './tflite'

/**
 * TensorFlow writes a dilated convolution as three operators: SPACE_TO_BATCH_ND spreads the pixels of every phase of the dilation
 * over the items, a plain convolution without padding runs on each, BATCH_TO_SPACE_ND puts them together. Conv1D has a view on
 * either side of the convolution. They become one convolution again: the paddings that were cropped away again never count.
 * @throws AppError model.invalid where an operator of the three lacks tensors that it needs
 */
export function joinDilations(model: TfliteModel): TfliteModel {
  const readers = readersOf(model)
  const tensors: TfliteTensor[] = [...model.tensors]
  const dropped = new Set<TfliteOperator>()
  const made = new Map<TfliteOperator, readonly TfliteOperator[]>()
  for (const spread of model.operators) {
    const chain = spread.name === 'SPACE_TO_BATCH_ND' ? chainOf(model, readers, spread) : null
    const operators = chain === null ? null : readOperator(spread, () => joined(model, tensors, chain))
    if (chain === null || operators === null) continue
    for (const operator of [spread, ...chain.steps]) dropped.add(operator)
    made.set(chain.gather, operators)
  }
  if (made.size === 0) return model
  const operators = model.operators.flatMap(
    (operator) => made.get(operator) ?? (dropped.has(operator) ? [] : [operator])
  )
  return { ...model, tensors, operators }
}

interface Chain {
  readonly spread: TfliteOperator
  /** From behind `spread` to in front of `gather`. */
  readonly steps: readonly TfliteOperator[]
  readonly layer: TfliteOperator
  readonly gather: TfliteOperator
}

const views: ReadonlySet<string> = new Set(['EXPAND_DIMS', 'RESHAPE', 'SQUEEZE'])
const layers: ReadonlySet<string> = new Set(['CONV_2D', 'DEPTHWISE_CONV_2D'])

/** Operators that read a tensor, by its index; an output of the graph counts as unread here. */
function readersOf(model: TfliteModel): ReadonlyMap<number, readonly TfliteOperator[]> {
  const readers = new Map<number, TfliteOperator[]>()
  for (const operator of model.operators)
    for (const index of new Set(operator.inputs))
      readers.set(index, [...(readers.get(index) ?? []), operator])
  return readers
}

/** The operators behind a SPACE_TO_BATCH_ND up to its counterpart; null where they are others than a dilated convolution has. */
function chainOf(
  model: TfliteModel,
  readers: ReadonlyMap<number, readonly TfliteOperator[]>,
  spread: TfliteOperator
): Chain | null {
  const steps: TfliteOperator[] = []
  for (let at: TfliteOperator = spread; ;) {
    const [output] = at.outputs
    const following = readers.get(output) ?? []
    if (following.length !== 1 || model.outputs.includes(output) || following[0].inputs[0] !== output)
      return null
    ;[at] = following
    if (at.name === 'BATCH_TO_SPACE_ND') {
      const [layer, ...others] = steps.filter(({ name }) => layers.has(name))
      const isWhole = layer !== undefined && others.length === 0
      return isWhole ? { spread, steps, layer, gather: at } : null
    }
    if (!views.has(at.name) && !layers.has(at.name)) return null
    steps.push(at)
  }
}

/** One convolution, with a view on either side where the input has three axes; null where the numbers are those of something else. */
function joined(
  model: TfliteModel,
  tensors: TfliteTensor[],
  { spread, layer, gather, steps }: Chain
): TfliteOperator[] | null {
  const [input] = spread.inputs
  const [output] = gather.outputs
  const given = model.tensors[input].dims
  const isFlat = given.length === 3
  const block = wholes(model, spread.inputs[1])
  const [pads, crops] = [wholes(model, spread.inputs[2]), wholes(model, gather.inputs[2])]
  const isSame = block !== null && block.join() === wholes(model, gather.inputs[1])?.join()
  if (!isSame || pads === null || crops === null || block.length !== (isFlat ? 1 : 2)) return null
  const cut = pads.map((pad, at) => pad - crops[at])
  const { padding, strideH, strideW, dilationH = 1, dilationW = 1 } = layer.options
  const isPlain = padding === 1 && [strideH, strideW, dilationH, dilationW].every((value) => value === 1)
  if (!isPlain || cut.some((pad) => pad < 0)) return null
  if (!isFlat) {
    if (steps.length !== 1 || given.length !== 4) return null
    return [dilated(layer, input, output, [block[0], block[1]], cut)]
  }
  // The axis of length 1 that a view brings in: rows where the filter has one row, else columns.
  const [, height, width] = model.tensors[layer.inputs[1]].dims
  const axis = height === 1 ? 1 : 2
  if (steps.length !== 3 || steps[1] !== layer || (axis === 2 && width !== 1)) return null
  // A view that does more than to bring the axis in and take it out again makes other pixels of the same numbers.
  const [read, written] = [model.tensors[layer.inputs[0]].dims, model.tensors[layer.outputs[0]].dims]
  const isIn = (dims: readonly number[], channels: number | undefined): boolean =>
    dims.length === 4 && dims[axis] === 1 && dims[3] === channels
  if (!isIn(read, given[2]) || !isIn(written, model.tensors[output].dims[2])) return null
  const wide = (index: number): number => {
    const { dims } = model.tensors[index]
    const own = [...dims.slice(0, axis), 1, ...dims.slice(axis)]
    return tensors.push({ ...model.tensors[index], name: '', dims: own }) - 1
  }
  const view = (from: number, to: number): TfliteOperator => ({
    ...{ name: 'RESHAPE', isCustom: false, inputs: [from], outputs: [to] },
    options: { shape: tensors[to].dims }
  })
  const [before, after] = [wide(input), wide(output)]
  const spacing: [number, number] = axis === 1 ? [1, block[0]] : [block[0], 1]
  const sides = axis === 1 ? [0, 0, cut[0], cut[1]] : [cut[0], cut[1], 0, 0]
  return [view(input, before), dilated(layer, before, after, spacing, sides), view(after, output)]
}

/** @param sides zeros above, below, to the left and to the right */
function dilated(
  layer: TfliteOperator,
  input: number,
  output: number,
  [dilationH, dilationW]: readonly [number, number],
  [top, bottom, left, right]: readonly number[]
): TfliteOperator {
  return {
    ...layer,
    inputs: [input, ...layer.inputs.slice(1)],
    outputs: [output],
    options: { ...layer.options, dilationH, dilationW, pads: [top, left, bottom, right] }
  }
}

/** Whole numbers of a constant of int32; null where the tensor is another. @throws AppError model.invalid where bytes are missing */
function wholes(model: TfliteModel, index: number | undefined): number[] | null {
  const tensor = index === undefined ? undefined : model.tensors[index]
  if (tensor?.data == null || tensor.type !== 'int32') return null
  return [...numbersOf(storedTensor(tensor, tensor.name))]
}
