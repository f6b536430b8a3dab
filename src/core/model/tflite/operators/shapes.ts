import { int, ints, text } from '../../onnx/onnx'
import { activated } from '../activation'
import type { Conversion } from '../conversion'
import type { TfliteOperator } from '../tflite'
import { optionNumber, optionOf, type Converter } from './converter'

/** Operators that put elements elsewhere or work along axes. */

/**
 * A view. Where the file works its shape out, or leaves a length of it open, the sides of the output's tensor are those that the
 * converter did not know (1), so the importer finds them.
 */
export const reshape: Converter = (conversion, operator) => {
  const [input, shape] = operator.inputs
  const [output] = operator.outputs
  const isGiven = operator.name === 'RESHAPE' && conversion.has(operator, 1)
  const list = isGiven ? conversion.integers(shape) : null
  const isOpen = isGiven && (list === null || list.includes(-1))
  const sides = isOpen ? shapeOperand(conversion, shape) : conversion.shape(conversion.tensor(output).dims)
  conversion.bind(output, conversion.add('Reshape', [conversion.real(input), sides]))
  return true
}

/** A list of lengths as ONNX takes it, in int64: constant, or worked out by the operators in front. */
function shapeOperand(conversion: Conversion, index: number): string {
  const list = conversion.integers(index)
  if (list !== null) return conversion.shape(list)
  return conversion.add('Cast', [conversion.real(index)], { to: int(7) })
}

/** SQUEEZE of the axes that are named; of all that are 1 where none is. */
export const squeeze: Converter = (conversion, operator) => {
  const axes = optionOf(operator, 'axes')
  if (!Array.isArray(axes) || axes.length === 0) return reshape(conversion, operator)
  const inputs = [conversion.real(operator.inputs[0]), conversion.shape(axes as readonly number[])]
  conversion.bind(operator.outputs[0], conversion.add('Squeeze', inputs))
  return true
}

/** EXPAND_DIMS at a constant place. */
export const expandDims: Converter = (conversion, operator) => {
  const axis = conversion.integers(operator.inputs[1])
  if (axis === null) return reshape(conversion, operator)
  const inputs = [conversion.real(operator.inputs[0]), conversion.shape(axis)]
  conversion.bind(operator.outputs[0], conversion.add('Unsqueeze', inputs))
  return true
}

/** TRANSPOSE by a constant order. */
export const transpose: Converter = (conversion, operator) => {
  const order = conversion.integers(operator.inputs[1])
  if (order === null) return false
  const input = conversion.real(operator.inputs[0])
  conversion.bind(operator.outputs[0], conversion.add('Transpose', [input], { perm: ints(order) }))
  return true
}

/** Paddings [rank][before, after]; with a value as third input. */
export const pad: Converter = (conversion, operator) => {
  const pairs = conversion.integers(operator.inputs[1])
  if (pairs === null) return false
  const sides = [0, 1].map((side) => pairs.filter((_, at) => at % 2 === side))
  const input = conversion.real(operator.inputs[0])
  const isMirror = operator.name === 'MIRROR_PAD'
  if (isMirror && optionNumber(operator, 'mode') !== 0) {
    conversion.bind(operator.outputs[0], mirroredWithEdge(conversion, input, sides))
    return true
  }
  const value = conversion.has(operator, 2) ? [conversion.real(operator.inputs[2])] : []
  const inputs = [input, conversion.shape(sides.flat()), ...value]
  const mode = text(isMirror ? 'reflect' : 'constant')
  conversion.bind(operator.outputs[0], conversion.add('Pad', inputs, { mode }))
  return true
}

/** SYMMETRIC: the edge is repeated. ONNX has no such mode, but slices backwards: beside a side lie its first elements turned round. */
function mirroredWithEdge(conversion: Conversion, input: string, [before, after]: number[][]): string {
  const turned = (of: string, axis: number, start: number, end: number): string =>
    conversion.add('Slice', [of, ...[start, end, axis, -1].map((entry) => conversion.shape([entry]))])
  return before.reduce((made, count, axis) => {
    const [first, last] = [count, after[axis]]
    const parts = [
      ...(first > 0 ? [turned(made, axis, first - 1, beforeAll)] : []),
      made,
      ...(last > 0 ? [turned(made, axis, -1, -1 - last)] : [])
    ]
    return parts.length === 1 ? made : conversion.add('Concat', parts, { axis: int(axis) })
  }, input)
}

/** The end of a slice backwards that takes the first element too. */
const beforeAll = -(2 ** 31)

/** CONCATENATION along an axis, with its activation. */
export const concatenation: Converter = (conversion, operator) => {
  const inputs = operator.inputs.map((index) => conversion.real(index))
  const made = conversion.add('Concat', inputs, { axis: int(optionNumber(operator, 'axis')) })
  const result = activated(conversion, made, optionOf(operator, 'activation'))
  if (result === null) return false
  conversion.bind(operator.outputs[0], result)
  return true
}

/** Lengths in the type that the file gives them, int32 or int64: the operators behind it calculate with that. */
export const convertShape: Converter = (conversion, operator) => {
  const [output] = operator.outputs
  const lengths = conversion.add('Shape', [conversion.real(operator.inputs[0])])
  const isLong = conversion.tensor(output).type === 'int64'
  conversion.bind(output, isLong ? lengths : conversion.add('Cast', [lengths], { to: int(6) }))
  return true
}

/** Values stacked along a new axis. */
export const pack: Converter = (conversion, operator) => {
  const axis = optionNumber(operator, 'axis')
  const inputs = operator.inputs.map((index) =>
    conversion.add('Unsqueeze', [conversion.real(index), conversion.shape([axis])])
  )
  conversion.bind(operator.outputs[0], conversion.add('Concat', inputs, { axis: int(axis) }))
  return true
}

/** UNPACK: one output per index of the axis, without that axis. */
export const unpack: Converter = (conversion, operator) => {
  const axis = optionNumber(operator, 'axis')
  const parts = split(conversion, operator, operator.inputs[0], axis, null)
  for (const [at, part] of parts.entries()) {
    const inputs = [part, conversion.shape([axis])]
    conversion.bind(operator.outputs[at], conversion.add('Squeeze', inputs))
  }
  return true
}

/** Inputs: axis, value; or value, sizes, axis. */
export const splitting: Converter = (conversion, operator) => {
  const isListed = operator.name === 'SPLIT_V'
  const axis = conversion.integers(operator.inputs[isListed ? 2 : 0])?.[0]
  const sizes = isListed ? conversion.integers(operator.inputs[1]) : null
  if (axis === undefined || (isListed && sizes === null)) return false
  const value = operator.inputs[isListed ? 0 : 1]
  const known = sizes?.includes(-1)
    ? operator.outputs.map((index) => conversion.tensor(index).dims.at(axis) ?? 1)
    : sizes
  for (const [at, part] of split(conversion, operator, value, axis, known).entries())
    conversion.bind(operator.outputs[at], part)
  return true
}

function split(
  conversion: Conversion,
  operator: TfliteOperator,
  value: number,
  axis: number,
  sizes: readonly number[] | null
): string[] {
  const length = conversion.tensor(value).dims.at(axis) ?? 1
  const count = operator.outputs.length
  const own = sizes ?? operator.outputs.map(() => length / count)
  const inputs = [conversion.real(value), conversion.shape(own)]
  return conversion.addSeveral('Split', inputs, count, { axis: int(axis) })
}

/** Inputs: begins and sizes, -1 for the rest. */
export const slice: Converter = (conversion, operator) => {
  const [begins, sizes] = [1, 2].map((position) => conversion.integers(operator.inputs[position]))
  if (begins === null || sizes === null) return false
  const ends = begins.map((begin, axis) => (sizes[axis] === -1 ? farEnd : begin + sizes[axis]))
  const lists = [begins, ends, begins.map((_, axis) => axis)].map((list) => conversion.shape(list))
  conversion.bind(
    operator.outputs[0],
    conversion.add('Slice', [conversion.real(operator.inputs[0]), ...lists])
  )
  return true
}

/** Stands for "to the end" in either direction. */
const farEnd = 2 ** 31 - 1

/** Inputs: begins, ends, strides; bits of the masks mean "from the start", "to the end", "axis dropped". */
export const stridedSlice: Converter = (conversion, operator) => {
  const [begins, ends, strides] = [1, 2, 3].map((position) => conversion.integers(operator.inputs[position]))
  const isPlain = ['ellipsisMask', 'newAxisMask'].every((name) => optionNumber(operator, name) === 0)
  if (
    begins === null ||
    ends === null ||
    strides === null ||
    !isPlain ||
    optionOf(operator, 'offset') === true
  )
    return false
  const has = (mask: string, axis: number): boolean => ((optionNumber(operator, mask) >> axis) & 1) !== 0
  const axes = begins.map((_, axis) => axis)
  const starts = axes.map((axis) =>
    has('beginMask', axis) ? (strides[axis] < 0 ? farEnd : 0) : begins[axis]
  )
  const stops = axes.map((axis) => {
    if (has('shrinkMask', axis)) return starts[axis] === -1 ? farEnd : starts[axis] + 1
    return has('endMask', axis) ? (strides[axis] < 0 ? -farEnd : farEnd) : ends[axis]
  })
  const steps = axes.map((axis) => (has('shrinkMask', axis) ? 1 : strides[axis]))
  const lists = [starts, stops, axes, steps].map((list) => conversion.shape(list))
  const part = conversion.add('Slice', [conversion.real(operator.inputs[0]), ...lists])
  const dropped = axes.filter((axis) => has('shrinkMask', axis))
  conversion.bind(
    operator.outputs[0],
    dropped.length === 0 ? part : conversion.add('Squeeze', [part, conversion.shape(dropped)])
  )
  return true
}

/** GATHER by constant indices, without batch dimensions. */
export const convertGather: Converter = (conversion, operator) => {
  if (optionNumber(operator, 'batchDims') !== 0) return false
  const indices = conversion.integers(operator.inputs[1])
  if (indices === null) return false
  const { dims } = conversion.tensor(operator.inputs[1])
  const list = conversion.shape(indices)
  const shaped = conversion.add('Reshape', [list, conversion.shape(dims)])
  conversion.bind(
    operator.outputs[0],
    conversion.add('Gather', [conversion.real(operator.inputs[0]), shaped], {
      axis: int(optionNumber(operator, 'axis'))
    })
  )
  return true
}

/** Repeats and broadcasts: the second input is a list of whole numbers. */
export const withShape =
  (opType: 'Tile' | 'Expand'): Converter =>
  (conversion, operator) => {
    const list = conversion.integers(operator.inputs[1])
    if (list === null) return false
    const inputs = [conversion.real(operator.inputs[0]), conversion.shape(list)]
    conversion.bind(operator.outputs[0], conversion.add(opType, inputs))
    return true
  }

/** FILL: one value in a shape that may be worked out from others. */
export const fill: Converter = (conversion, operator) => {
  const [shape, value] = operator.inputs
  const inputs = [conversion.real(value), shapeOperand(conversion, shape)]
  conversion.bind(operator.outputs[0], conversion.add('Expand', inputs))
  return true
}

/** A reduction over constant axes, as the given ONNX operator. */
export const convertReduce =
  (opType: 'ReduceMean' | 'ReduceSum' | 'ReduceMax' | 'ReduceMin' | 'ReduceProd'): Converter =>
  (conversion, operator) => {
    const axes = conversion.integers(operator.inputs[1])
    if (axes === null) return false
    const rank = conversion.tensor(operator.inputs[0]).dims.length
    const own = axes.map((axis) => (axis < 0 ? axis + rank : axis))
    const keepdims = int(optionOf(operator, 'keepDims') === true ? 1 : 0)
    const input = conversion.real(operator.inputs[0])
    // Only ReduceSum has its axes as an input at opset 17.
    const made =
      opType === 'ReduceSum'
        ? conversion.add(opType, [input, conversion.shape(own)], { keepdims })
        : conversion.add(opType, [input], { axes: ints(own), keepdims })
    conversion.bind(operator.outputs[0], made)
    return true
  }

/** ARG_MAX along a constant axis. */
export const argMax: Converter = (conversion, operator) => {
  const axis = conversion.integers(operator.inputs[1])?.[0]
  if (axis === undefined) return false
  const input = conversion.real(operator.inputs[0])
  conversion.bind(
    operator.outputs[0],
    conversion.add('ArgMax', [input], { axis: int(axis), keepdims: int(0) })
  )
  return true
}
