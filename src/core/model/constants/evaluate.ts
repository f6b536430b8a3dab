import { floatAttribute, intAttribute, ints, type OnnxNode, type OnnxTensor } from '../onnx/onnx'
import { floatOfHalf, halfOfFloat } from '../../binary/half'
import { badShape, unsupported } from '../onnx/importState'
import { functionsOfOperators } from '../operatorFunctions'
import { exactFunction } from '../tableFunction'
import { checkedCount } from './checkedCount'
import { broadcastDims, broadcastMap } from './indexing'
import { foldProduct } from './product'
import { dequantized, quantized } from './quantized'
import { constantReduction, constantRunningSum, constantTriangle } from './reduced'
import { oneHot, placesOfNonZero, scatteredAt } from './places'
import { constantOf, dataOf, isFloatType, numbersOf, typeOf, type ConstantType } from './numbers'

/**
 * Operators worked out at import because all their inputs are known (ONNX operator documentation). Operators that only put
 * elements elsewhere are not here: operators/moves.ts serves constants and computed values alike.
 */
export type ConstantEvaluator = (node: OnnxNode, inputs: readonly (OnnxTensor | undefined)[]) => OnnxTensor

type Join = (a: number, b: number, isInteger: boolean) => number

const joins: Readonly<Record<string, Join>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b, isInteger) => (isInteger ? Math.trunc(a / b) : a / b),
  Pow: (a, b) => a ** b,
  Max: (a, b) => Math.max(a, b),
  Min: (a, b) => Math.min(a, b),
  Sum: (a, b) => a + b
}

const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  Equal: (a, b) => a === b,
  Greater: (a, b) => a > b,
  GreaterOrEqual: (a, b) => a >= b,
  Less: (a, b) => a < b,
  LessOrEqual: (a, b) => a <= b,
  And: (a, b) => a !== 0 && b !== 0,
  Or: (a, b) => a !== 0 || b !== 0,
  Xor: (a, b) => (a !== 0) !== (b !== 0)
}

/** Functions of one value that are no tables of a network; those are in functionsOfOperators. */
const functions: Readonly<Record<string, (x: number) => number>> = {
  Relu: (x) => Math.max(0, x),
  Tan: Math.tan,
  Atan: Math.atan,
  Not: (x) => (x === 0 ? 1 : 0),
  IsNaN: (x) => (Number.isNaN(x) ? 1 : 0)
}

const castTypes: Readonly<Record<number, ConstantType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'int32',
  5: 'int32',
  6: 'int32',
  7: 'int64',
  9: 'uint8',
  10: 'float32',
  11: 'float64',
  16: 'float32'
}

const others: Readonly<Record<string, ConstantEvaluator>> = {
  GlobalAveragePool: overPixels('ReduceMean'),
  GlobalMaxPool: overPixels('ReduceMax'),
  DequantizeLinear: (node, [input, scale, zero]) => dequantized(node, input!, scale!, zero),
  QuantizeLinear: (node, [input, scale, zero]) => quantized(node, input!, scale!, zero),
  Cast: (node, [input]) => {
    const to = intAttribute(node, 'to', 1)
    const type = castTypes[to]
    if (type === undefined) throw unsupported(node, `a cast to element type ${to} is not supported`)
    const values = numbersOf(input!)
    if (to === 9) return constantOf(type, input!.dims, truthOf(values))
    if (to === 10) return asHalf(constantOf(type, input!.dims, values))
    return constantOf(type, input!.dims, values)
  },
  CastLike: (node, [input, like]) => {
    const values = numbersOf(input!)
    const type = typeOf(like!.data)
    // Booleans are read as uint8, and what is not 0 becomes 1 as a boolean alone.
    if (type === 'uint8' && values.some((value) => value !== 0 && value !== 1))
      throw unsupported(node, 'its second input may hold booleans or bytes, which is not told apart')
    const made = constantOf(type, input!.dims, values)
    return like!.half === 'float16' ? asHalf(made) : made
  },
  // The sign is that of the divisor, with fmod that of the dividend.
  Mod: (node, inputs) => {
    const isFmod = intAttribute(node, 'fmod', 0) !== 0
    return joined(node, inputs, (a, b) => (isFmod ? a % b : a - Math.floor(a / b) * b))
  },
  PRelu: (node, inputs) => joined(node, inputs, (x, slope) => (x < 0 ? slope * x : x)),
  ScatterND: (node, [data, indices, updates]) => scatteredAt(node, data!, indices!, updates!),
  OneHot: (node, [indices, depth, values]) => oneHot(node, indices!, depth!, values!),
  NonZero: (_, [input]) => placesOfNonZero(input!),
  ConstantOfShape: (node, [shape]) => {
    const dims = [...numbersOf(shape!)]
    const count = checkedCount(node, dims)
    const attribute = node.attributes['value']
    const value = attribute?.kind === 'tensor' ? attribute.value : constantOf('float32', [1], [0])
    return constantOf(typeOf(value.data), dims, new Float64Array(count).fill(numbersOf(value)[0] ?? 0))
  },
  Range: (node, [start, limit, delta]) => {
    const [from, to, step] = [start, limit, delta].map((tensor) => numbersOf(tensor!)[0])
    const count = checkedCount(node, [Math.max(0, Math.ceil((to - from) / step))])
    return constantOf(
      typeOf(start!.data),
      [count],
      Float64Array.from({ length: count }, (_, at) => from + at * step)
    )
  },
  Where: (node, [condition, yes, no]) => {
    const dims = broadcast(node, broadcast(node, condition!.dims, yes!.dims), no!.dims)
    const [chosen, a, b] = [condition!, yes!, no!].map((tensor) => spread(tensor, dims))
    return constantOf(
      typeOf(yes!.data),
      dims,
      a.map((value, at) => (chosen[at] !== 0 ? value : b[at]))
    )
  },
  MatMul: (node, [a, b]) => foldProduct(node, a!, b!),
  CumSum: (node, [input, axis]) => constantRunningSum(node, input!, axis!),
  Trilu: (node, [input, offset]) => constantTriangle(node, input!, offset),
  Clip: (node, [input, low, high]) => {
    const bottom = low === undefined ? floatAttribute(node, 'min', -Infinity) : numbersOf(low)[0]
    const top = high === undefined ? floatAttribute(node, 'max', Infinity) : numbersOf(high)[0]
    return likeFirst(
      input!,
      numbersOf(input!).map((value) => Math.min(top, Math.max(bottom, value)))
    )
  }
}

/** A pool whose window is the whole image: a reduction over all axes behind the channels. */
function overPixels(reduction: 'ReduceMean' | 'ReduceMax'): ConstantEvaluator {
  return (node, [input]) => {
    const axes = Array.from({ length: input!.dims.length - 2 }, (_, at) => at + 2)
    return constantReduction(reduction)!({ ...node, attributes: { axes: ints(axes) } }, [input])
  }
}

const truthOf = (values: Float64Array): Float64Array => values.map((value) => (value === 0 ? 0 : 1))

/** The values that float16 has. */
const asHalf = (tensor: OnnxTensor): OnnxTensor => ({
  ...tensor,
  data: Float32Array.from(tensor.data as Float32Array, nearestHalf),
  half: 'float16'
})

const nearestHalf = (value: number): number => floatOfHalf(halfOfFloat(value))

/** The evaluator of a standard operator; undefined where there is none. */
export function constantEvaluator(opType: string): ConstantEvaluator | undefined {
  if (Object.hasOwn(joins, opType)) return (node, inputs) => joined(node, inputs, joins[opType])
  if (Object.hasOwn(comparisons, opType)) return (node, inputs) => compared(node, inputs, comparisons[opType])
  if (Object.hasOwn(functions, opType))
    return (_, [input]) => likeFirst(input!, numbersOf(input!).map(functions[opType]))
  const own = constantReduction(opType) ?? (Object.hasOwn(others, opType) ? others[opType] : undefined)
  if (own !== undefined || !Object.hasOwn(functionsOfOperators, opType)) return own
  return (node, [input]) => {
    const f = functionsOfOperators[opType](node)
    return likeFirst(
      input!,
      numbersOf(input!).map((value) => exactFunction(f, value))
    )
  }
}

function joined(node: OnnxNode, inputs: readonly (OnnxTensor | undefined)[], join: Join): OnnxTensor {
  const [first, ...rest] = inputs as readonly OnnxTensor[]
  const isInteger = !isFloatType(typeOf(first.data))
  return rest.reduce((a, b) => {
    const dims = broadcast(node, a.dims, b.dims)
    const [x, y] = [spread(a, dims), spread(b, dims)]
    return constantOf(
      typeOf(a.data),
      dims,
      x.map((value, at) => join(value, y[at], isInteger))
    )
  }, first)
}

function compared(
  node: OnnxNode,
  [a, b]: readonly (OnnxTensor | undefined)[],
  compare: (a: number, b: number) => boolean
): OnnxTensor {
  const dims = broadcast(node, a!.dims, b!.dims)
  const [x, y] = [spread(a!, dims), spread(b!, dims)]
  return constantOf(
    'uint8',
    dims,
    x.map((value, at) => (compare(value, y[at]) ? 1 : 0))
  )
}

function likeFirst(input: OnnxTensor, values: Float64Array): OnnxTensor {
  return { name: '', dims: input.dims, data: dataOf(typeOf(input.data), values) }
}

function broadcast(node: OnnxNode, a: readonly number[], b: readonly number[]): number[] {
  const dims = broadcastDims(a, b)
  if (dims === null) throw badShape(node, `[${a}] and [${b}] cannot be broadcast together`)
  checkedCount(node, dims)
  return dims
}

function spread(tensor: OnnxTensor, dims: readonly number[]): Float64Array {
  const values = numbersOf(tensor)
  if (dims.join() === tensor.dims.join()) return values
  return Float64Array.from(broadcastMap(tensor.dims, dims), (at) => values[at])
}
