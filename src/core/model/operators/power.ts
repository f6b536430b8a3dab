import { int, type OnnxNode, type OnnxTensor } from '../onnx/onnx'
import {
  badShape,
  bind,
  constantAt,
  floatsOf,
  unsupported,
  valueAt,
  type ImportState,
  type OperatorReader
} from '../onnx/importState'
import { broadcastDims, broadcastMap } from '../constants/indexing'
import { checkedCount } from '../constants/checkedCount'
import { call } from '../tableFunction'
import { broadcastView } from './affine'
import { createMacro } from './macro'
import { mixesBatch } from './moves'
import { addTable } from './unary'

/** Most different exponents of one node: each is a table on the board. */
const maxExponents = 32

/**
 * Pow with a known exponent, or known positive bases. One exponent is a table; exponents per element are a table for the elements of
 * each, joined again.
 * @throws AppError model.unsupportedOperator where base and exponent are computed, for bases of 0 or less, and for whole numbers to
 * the power of fractions
 */
export function powerReader(read: OperatorReader): OperatorReader {
  return (state, node) => {
    const exponent = constantAt(state, node, 1)
    if (exponent === undefined) return bindExponential(state, node, read)
    const value = valueAt(state, node, 0)
    const dims = broadcastDims(value.dims, exponent.dims)
    if (dims === null || checkedCount(node, dims) === 0)
      throw badShape(node, `[${value.dims}] cannot be raised to powers of [${exponent.dims}]`)
    if (state.batch > 1 && (dims.length > value.dims.length || dims[0] !== value.dims[0]))
      throw mixesBatch(state, node)
    const exponents = floatsOf(node, exponent)
    if (state.integers.has(node.inputs[0]) && !exponents.every((one) => one >= 0 && Number.isInteger(one)))
      throw unsupported(node, 'whole numbers are raised to powers that are negative or fractions')
    if (exponents.some((one) => one !== exponents[0]))
      return bindSeveral(state, node, read, { dims, exponents, of: exponent.dims })
    const isSame = dims.join() === value.dims.join()
    const view = isSame ? value : broadcastView(value, dims, node.name)
    bind(state, node, exponents[0] === 1 ? view : addTable(state, node, view, call('pow', exponents[0])))
  }
}

/** Base to the power of a computed value: exp(value * ln(base)). */
function bindExponential(state: ImportState, node: OnnxNode, read: OperatorReader): void {
  const base = constantAt(state, node, 0)
  if (base === undefined) throw unsupported(node, 'its base and its exponent are both computed')
  if (state.integers.has(node.inputs[1]) || !isFloat(base))
    throw unsupported(node, 'a constant is raised to the power of whole numbers, or is a whole number itself')
  const bases = floatsOf(node, base)
  if (!bases.every((one) => one > 0))
    throw unsupported(node, 'a constant that is not above 0 is raised to a computed power')
  const macro = createMacro(state, node, read)
  const logarithms = macro.constant(base.dims, bases.map(Math.log))
  macro.bind(macro.add('Exp', [macro.add('Mul', [node.inputs[1], logarithms])]))
}

const isFloat = ({ data }: OnnxTensor): boolean =>
  data instanceof Float32Array || data instanceof Float64Array

/** Exponents, their sizes `of`, and the sizes of the result. */
interface Powers {
  readonly dims: readonly number[]
  readonly exponents: Float32Array
  readonly of: readonly number[]
}

/** The elements of each exponent through a table of their own, then all in their places again. */
function bindSeveral(
  state: ImportState,
  node: OnnxNode,
  read: OperatorReader,
  { dims, exponents, of }: Powers
): void {
  const groups = new Map<number, number[]>()
  for (const [place, at] of broadcastMap(of, dims).entries()) {
    const own = groups.get(exponents[at])
    if (own === undefined) groups.set(exponents[at], [place])
    else own.push(place)
  }
  if (groups.size > maxExponents)
    throw unsupported(
      node,
      `it has ${groups.size} different exponents`,
      `Each different exponent is a table on the board: use at most ${maxExponents}, or write x^e as Exp(e * Log(x)) where x is above 0.`
    )
  const macro = createMacro(state, node, read)
  const isSame = dims.join() === valueAt(state, node, 0).dims.join()
  const wide = isSame ? node.inputs[0] : macro.add('Expand', [node.inputs[0], macro.shape(dims)])
  const flat = macro.add('Reshape', [wide, macro.shape([1, -1])])
  const taken = (name: string, places: readonly number[]): string =>
    macro.add('Gather', [name, macro.shape(places)], { axis: int(1) })
  const parts = [...groups].map(([exponent, places]) =>
    macro.add('Pow', [taken(flat, places), macro.scalar(exponent)])
  )
  const order = [...groups.values()].flat()
  const back = new Array<number>(order.length)
  for (const [at, place] of order.entries()) back[place] = at
  const joined = taken(macro.add('Concat', parts, { axis: int(1) }), back)
  macro.bind(macro.add('Reshape', [joined, macro.shape(dims)]))
}
