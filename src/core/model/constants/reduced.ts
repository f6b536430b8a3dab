import { intAttribute, intsAttribute, type OnnxNode, type OnnxTensor } from '../onnx/onnx'
import { badShape } from '../onnx/importState'
import { normalAxis, offsetMap, rowMajorStrides } from './indexing'
import { constantOf, numbersOf, typeOf } from './numbers'

/** What a reduction makes of the values of one place. */
type Reduction = (values: readonly number[]) => number

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

const reductions: ReadonlyMap<string, Reduction> = new Map<string, Reduction>([
  ['ReduceSum', total],
  ['ReduceMean', (values) => total(values) / values.length],
  ['ReduceProd', (values) => values.reduce((a, b) => a * b, 1)],
  ['ReduceMax', (values) => values.reduce((a, b) => Math.max(a, b), -Infinity)],
  ['ReduceMin', (values) => values.reduce((a, b) => Math.min(a, b), Infinity)],
  ['ReduceL1', (values) => total(values.map(Math.abs))],
  ['ReduceL2', (values) => Math.sqrt(total(values.map((value) => value * value)))],
  ['ReduceSumSquare', (values) => total(values.map((value) => value * value))]
])

/** The reduction of a known tensor by a standard operator, with axes as attribute or input; undefined for other operators. */
export function constantReduction(
  opType: string
): ((node: OnnxNode, inputs: readonly (OnnxTensor | undefined)[]) => OnnxTensor) | undefined {
  const reduction = reductions.get(opType)
  if (reduction === undefined) return undefined
  return (node, [input, axes]) => {
    const { dims } = input!
    const given = intsAttribute(node, 'axes') ?? (axes === undefined ? [] : [...numbersOf(axes)])
    // Over no axis, a sum of squares is still one of squares.
    const takesAll = given.length === 0 && intAttribute(node, 'noop_with_empty_axes', 0) === 0
    const along = takesAll ? [...dims.keys()] : given.map((axis) => axisIn(node, axis, dims.length))
    const places = placesOf(dims, (axis) => !along.includes(axis))
    const steps = placesOf(dims, (axis) => along.includes(axis))
    const values = numbersOf(input!)
    const keepsAxes = intAttribute(node, 'keepdims', 1) !== 0
    const kept = dims.map((size, axis) => (along.includes(axis) ? 1 : size))
    return constantOf(
      typeOf(input!.data),
      keepsAxes ? kept : dims.filter((_, axis) => !along.includes(axis)),
      Float64Array.from(places, (place) => reduction(Array.from(steps, (step) => values[place + step])))
    )
  }
}

/** Sums of a known tensor up to each place along an axis. */
export function constantRunningSum(node: OnnxNode, input: OnnxTensor, axis: OnnxTensor): OnnxTensor {
  const { dims } = input
  const along = axisIn(node, numbersOf(axis)[0], dims.length)
  const values = Float64Array.from(numbersOf(input))
  const step = rowMajorStrides(dims)[along]
  const isReversed = intAttribute(node, 'reverse', 0) !== 0
  const isExclusive = intAttribute(node, 'exclusive', 0) !== 0
  for (const place of placesOf(dims, (own) => own !== along)) {
    let sum = 0
    for (let n = 0; n < dims[along]; n++) {
      const at = place + step * (isReversed ? dims[along] - 1 - n : n)
      const value = values[at]
      values[at] = isExclusive ? sum : sum + value
      sum += value
    }
  }
  return constantOf(typeOf(input.data), dims, values)
}

/** The upper or lower triangle of known matrices, 0 elsewhere. */
export function constantTriangle(
  node: OnnxNode,
  input: OnnxTensor,
  offset: OnnxTensor | undefined
): OnnxTensor {
  const [rows, columns] = input.dims.slice(-2)
  if (input.dims.length < 2) throw badShape(node, `its input is [${input.dims.join(', ')}], not a matrix`)
  const isUpper = intAttribute(node, 'upper', 1) !== 0
  const shift = offset === undefined ? 0 : numbersOf(offset)[0]
  const values = numbersOf(input).map((value, at) => {
    const row = Math.floor(at / columns) % rows
    const distance = (at % columns) - row - shift
    return (isUpper ? distance >= 0 : distance <= 0) ? value : 0
  })
  return constantOf(typeOf(input.data), input.dims, values)
}

/** Places of a tensor's elements along the axes that are taken, 0 along the others. */
function placesOf(dims: readonly number[], isTaken: (axis: number) => boolean): Int32Array {
  const strides = rowMajorStrides(dims)
  return offsetMap(
    dims.map((size, axis) =>
      Array.from({ length: isTaken(axis) ? size : 1 }, (_, index) => index * strides[axis])
    )
  )
}

function axisIn(node: OnnxNode, axis: number, rank: number): number {
  const normal = normalAxis(axis, rank)
  if (normal === null) throw badShape(node, `axis ${axis} does not exist in a tensor of rank ${rank}`)
  return normal
}
