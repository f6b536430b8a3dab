import { floatAttribute, int, intAttribute, ints, type OnnxNode } from '../onnx/onnx'
import {
  badShape,
  floatsOf,
  integersOf,
  unsupported,
  valueAt,
  weightsAt,
  type ImportState,
  type OperatorReader
} from '../onnx/importState'
import { checkedCount } from '../constants/checkedCount'
import { axisOf } from './arguments'
import { createMacro, type Macro } from './macro'
import { integerQuotient } from './rounding'

/** Operators read as several others (their definitions in the ONNX operator documentation). */
export function composedReaders(read: OperatorReader): [string, OperatorReader][] {
  const as =
    (write: (macro: Macro, node: OnnxNode, state: ImportState) => string): OperatorReader =>
    (state, node) => {
      const macro = createMacro(state, node, read)
      macro.bind(write(macro, node, state))
    }
  const reduced =
    (opType: string, before: string | null, after: string | null) =>
    (macro: Macro, node: OnnxNode): string => {
      const [input, ...rest] = node.inputs
      const own =
        before === null
          ? input
          : before === 'Mul'
            ? macro.add('Mul', [input, input])
            : macro.add(before, [input])
      const made = macro.add(opType, [own, ...rest], node.attributes)
      return after === null ? made : macro.add(after, [made])
    }
  return [
    ['ReduceMin', as(reduced('ReduceMax', 'Neg', 'Neg'))],
    ['ReduceL1', as(reduced('ReduceSum', 'Abs', null))],
    ['ReduceL2', integerQuotient(as(reduced('ReduceSum', 'Mul', 'Sqrt')))],
    ['ReduceSumSquare', as(reduced('ReduceSum', 'Mul', null))],
    ['ReduceLogSum', as(reduced('ReduceSum', null, 'Log'))],
    ['ReduceLogSumExp', as(logOfSum)],
    ['InstanceNormalization', as(instanceNorm)],
    ['GroupNormalization', as(groupNorm)],
    ['LRN', as(localResponseNorm)],
    ['CumSum', as(runningSum)]
  ]
}

/** log(sum(exp(x))) as the greatest x plus that of the distances to it, whose powers are at most 1. */
function logOfSum(macro: Macro, { inputs: [input, ...rest], attributes }: OnnxNode): string {
  const top = macro.add('ReduceMax', [input, ...rest], { ...attributes, keepdims: int(1) })
  const powers = macro.add('Exp', [macro.add('Sub', [input, top])])
  const logarithm = macro.add('Log', [macro.add('ReduceSum', [powers, ...rest], attributes)])
  return macro.add('Add', [logarithm, macro.add('ReduceMax', [input, ...rest], attributes)])
}

/** (x - mean) / sqrt(variance + epsilon) over the axes. */
function normalized(macro: Macro, input: string, axes: readonly number[], epsilon: number): string {
  const mean = (value: string): string =>
    macro.add('ReduceMean', [value], { axes: ints(axes), keepdims: int(1) })
  const distance = macro.add('Sub', [input, mean(input)])
  const variance = mean(macro.add('Mul', [distance, distance]))
  const deviation = macro.add('Sqrt', [macro.add('Add', [variance, macro.scalar(epsilon)])])
  return macro.add('Mul', [distance, macro.add('Reciprocal', [deviation])])
}

/** Scale and offset per channel, behind a normalisation. */
function perChannel(
  macro: Macro,
  normal: string,
  scale: Float32Array,
  shift: Float32Array,
  rank: number
): string {
  const dims = [scale.length, ...Array.from({ length: rank - 2 }, () => 1)]
  const scaled = macro.add('Mul', [normal, macro.constant(dims, scale)])
  return macro.add('Add', [scaled, macro.constant(dims, shift)])
}

function instanceNorm(macro: Macro, node: OnnxNode, state: ImportState): string {
  const { dims } = valueAt(state, node, 0)
  const [scale, shift] = [1, 2].map((position) => floatsOf(node, weightsAt(state, node, position)))
  if (dims.length < 3) throw badShape(node, `its input is [${dims.join(', ')}], not an image`)
  const axes = dims.slice(2).map((_, at) => at + 2)
  const normal = normalized(macro, node.inputs[0], axes, floatAttribute(node, 'epsilon', 1e-5))
  return perChannel(macro, normal, scale, shift, dims.length)
}

/** Channels normalised in groups; scale and offset per channel, before opset 21 per group. */
function groupNorm(macro: Macro, node: OnnxNode, state: ImportState): string {
  const { dims } = valueAt(state, node, 0)
  const groups = intAttribute(node, 'num_groups', 1)
  const channels = dims[1] ?? 0
  if (dims.length < 3 || channels % groups !== 0)
    throw badShape(node, `${channels} channels are no ${groups} groups`)
  const grouped = macro.add('Reshape', [node.inputs[0], macro.shape([1, groups, -1])])
  const normal = normalized(macro, grouped, [2], floatAttribute(node, 'epsilon', 1e-5))
  const back = macro.add('Reshape', [normal, macro.shape(dims)])
  const [scale, shift] = [1, 2].map((position) => {
    const own = floatsOf(node, weightsAt(state, node, position))
    return own.length === channels
      ? own
      : Float32Array.from({ length: channels }, (_, at) => own[Math.floor((at * groups) / channels)])
  })
  return perChannel(macro, back, scale, shift, dims.length)
}

/** Sums of all up to each (or from each on), without it where `exclusive`: a product with a triangle of ones. */
function runningSum(macro: Macro, node: OnnxNode, state: ImportState): string {
  const { dims } = valueAt(state, node, 0)
  const axis = axisOf(node, integersOf(weightsAt(state, node, 1))[0] ?? 0, dims.length)
  const size = dims[axis]
  checkedCount(node, [size, size])
  const [isExclusive, isReverse] = ['exclusive', 'reverse'].map((name) => intAttribute(node, name, 0) !== 0)
  const triangle = Float32Array.from({ length: size * size }, (_, at) => {
    const [from, to] = [Math.floor(at / size), at % size]
    const distance = isReverse === true ? from - to : to - from
    return distance > 0 || (distance === 0 && isExclusive !== true) ? 1 : 0
  })
  const order = dims.map((_, at) => (at === axis ? dims.length - 1 : at === dims.length - 1 ? axis : at))
  const turned = macro.add('Transpose', [node.inputs[0]], { perm: ints(order) })
  const summed = macro.add('MatMul', [turned, macro.constant([size, size], triangle)])
  return macro.add('Transpose', [summed], { perm: ints(order) })
}

/** x / (bias + alpha * mean of squares over `size` neighbouring channels) ^ beta. */
function localResponseNorm(macro: Macro, node: OnnxNode, state: ImportState): string {
  const { dims } = valueAt(state, node, 0)
  const size = intAttribute(node, 'size', 0)
  if (dims.length < 3 || size < 1) throw unsupported(node, 'only images and a size from 1 on are supported')
  const plane = dims.slice(2).reduce((product, side) => product * side, 1)
  const squares = macro.add('Reshape', [
    macro.add('Mul', [node.inputs[0], node.inputs[0]]),
    macro.shape([1, 1, dims[1], plane])
  ])
  const before = Math.floor((size - 1) / 2)
  const mean = macro.add('AveragePool', [squares], {
    kernel_shape: ints([size, 1]),
    pads: ints([before, 0, size - 1 - before, 0]),
    count_include_pad: int(1)
  })
  const alpha = macro.add('Mul', [mean, macro.scalar(floatAttribute(node, 'alpha', 1e-4))])
  const sum = macro.add('Add', [alpha, macro.scalar(floatAttribute(node, 'bias', 1))])
  const power = macro.add('Pow', [sum, macro.scalar(-floatAttribute(node, 'beta', 0.75))])
  return macro.add('Mul', [node.inputs[0], macro.add('Reshape', [power, macro.shape(dims)])])
}
