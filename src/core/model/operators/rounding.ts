import { intAttribute, type OnnxNode, type OnnxTensor } from '../onnx/onnx'
import { moveOperators } from './moves'
import {
  bind,
  constantAt,
  knownCodes,
  unsupported,
  valueAt,
  weightsAt,
  type ImportState,
  type OperatorReader,
  type Value
} from '../onnx/importState'
import { constantOf, numbersOf } from '../constants/numbers'
import { call, compose, type TableFunctionName } from '../tableFunction'
import { affineOf } from './affine'
import { isNear } from './embedding'
import { isBehindEnding } from './quantization'
import { quantizedOperators } from './qoperators'
import { addTable, clipped } from './unary'

/** Rounding as integer networks write it (Floor behind a division, casts, RequantShift), read as functions of real values. */

const roundings: ReadonlySet<TableFunctionName> = new Set(['floor', 'ceil', 'round', 'trunc', 'sign'])

/** ONNX element types of integers. */
const integerTypes: ReadonlySet<number> = new Set([2, 3, 4, 5, 6, 7, 12, 13])
/** ONNX element type of truth values: of a whole number, whether it is another than 0. */
const booleanType = 9
const floatTypes: ReadonlySet<number> = new Set([1, 10, 11, 16])

/** Floats stay what they are; a cast to integers cuts towards 0 what is not whole already. */
export const readCast: OperatorReader = (state, node) => {
  const to = intAttribute(node, 'to', 1)
  const codes = knownCodes(state, node.inputs[0])
  if (codes !== undefined && !state.left.has(node.inputs[0])) {
    const whole = affineOf(state, node, valueAt(state, node, 0), {
      scale: constantOf('float32', [], [1 / codes.scale]),
      shift: constantOf('float32', [], [codes.zero])
    })
    if (!integerTypes.has(to)) return bind(state, node, whole)
    // What follows computes with whole numbers: the rounding to codes is part of it.
    bind(state, node, addTable(state, node, whole, call('round')))
    state.integers.add(node.outputs[0])
    return
  }
  const value = valueAt(state, node, 0)
  if (isBehindEnding(state, node) || floatTypes.has(to)) return bind(state, node, value)
  if (to === booleanType && state.integers.has(node.inputs[0])) {
    bind(state, node, addTable(state, node, value, compose(call('affine', -1, 1), isNear(0))))
    state.integers.add(node.outputs[0])
    return
  }
  if (!integerTypes.has(to))
    throw unsupported(node, `a cast of a computed value to type ${to} is not supported`)
  const isCut = !state.integers.has(node.inputs[0]) && !isInteger(state, value.node)
  bind(state, node, isCut ? addTable(state, node, value, call('trunc')) : value)
  state.integers.add(node.outputs[0])
}

/** Quotients of integers are cut towards 0, as onnxruntime computes them. */
export function integerQuotient(read: OperatorReader): OperatorReader {
  return (state, node) => {
    read(state, node)
    const value = state.values.get(node.outputs[0])
    if (value !== undefined && node.inputs.some((name) => state.integers.has(name)))
      bind(state, node, addTable(state, node, value, call('trunc')))
  }
}

/** Operators whose output may have another type than their input. */
const typeChanges: ReadonlySet<string> = new Set(['Cast', 'CastLike', 'DequantizeLinear'])

/** Operators whose outputs hold codes of their first input. */
const codeMoves: ReadonlySet<string> = new Set([
  ...moveOperators,
  'MaxPool',
  'ReduceMax',
  'Concat',
  'Pad',
  'Resize',
  'Upsample'
])

/** Operators that take codes for what they mean, or of which the result is the same. */
const codeReaders: ReadonlySet<string> = new Set([
  ...codeMoves,
  ...quantizedOperators,
  'DequantizeLinear',
  'QLinearConv',
  'QLinearMatMul',
  'MatMulInteger',
  'ConvInteger',
  'MatMulIntegerToFloat',
  'Cast',
  'ArgMax',
  'Shape',
  'Size'
])

/**
 * Codes are read as the real numbers that they mean, so an operator that computes with the codes themselves would give something else.
 * @throws AppError model.unsupportedOperator for such operators, and where codes of several scales are joined
 */
export function checkCodes(state: ImportState, node: OnnxNode): void {
  const given = node.inputs.map((name) => state.codes.get(name))
  const [first] = given
  const isJoined =
    node.opType !== 'Concat' ||
    given.every((codes) => codes?.scale === first?.scale && codes?.zero === first?.zero)
  const hasKnown = node.inputs.some((name) => knownCodes(state, name) !== undefined)
  if (!hasKnown || (codeReaders.has(node.opType) && isJoined)) return
  throw unsupported(
    node,
    isJoined ? 'it computes with codes of a quantization' : 'it joins codes of several scales',
    'Put a DequantizeLinear in front of it, and quantize its result.'
  )
}

/** Notes that what an operator makes of integers are integers, and that codes which are only moved stay codes of their scale. */
export function keepIntegers(state: ImportState, node: OnnxNode): void {
  const codes = codeMoves.has(node.opType) ? state.codes.get(node.inputs[0]) : undefined
  if (codes !== undefined) for (const output of node.outputs) state.codes.set(output, codes)
  if (typeChanges.has(node.opType) || !takesIntegers(state, node)) return
  for (const output of node.outputs) state.integers.add(output)
}

/** Whether what decides an operator's type holds computed integers; rows fetched by integers are of the table's type. */
function takesIntegers(state: ImportState, node: OnnxNode): boolean {
  const table = node.opType === 'Gather' ? constantAt(state, node, 0) : undefined
  const isFloat =
    table !== undefined && (table.data instanceof Float32Array || table.data instanceof Float64Array)
  // What is chosen decides, not what it is chosen by.
  const typed = node.opType === 'Where' ? node.inputs.slice(1) : node.inputs
  return !isFloat && typed.some((name) => state.integers.has(name))
}

/** True where a node's values are known to be whole. */
function isInteger(state: ImportState, index: number): boolean {
  if (index < 0) return false
  const node = state.nodes[index]
  switch (node.op) {
    case 'table': {
      const f = node.function
      if (f.kind !== 'call') return false
      if (roundings.has(f.name)) return true
      return f.name === 'clip' && f.parameters.every(Number.isInteger) && isInteger(state, node.inputs[0])
    }
    case 'relu':
    case 'maxPool':
    case 'flatten':
    case 'move':
    case 'add':
    case 'concat':
      return node.inputs.every((input) => isInteger(state, input))
    default:
      return false
  }
}

/**
 * RequantShift of the PACT and quantlib exporters: floor((x * mul + add) / div), limited to `n_levels_out` codes. The floor is
 * taken out again by passes/leaveRounding where the codes are many.
 */
export const readRequantShift: OperatorReader = (state, node) => {
  const [scale, shift] = [1, 2].map((position) => weightsAt(state, node, position))
  const divisor = tensorAttribute(node, 'div') ?? 1
  const levels = tensorAttribute(node, 'n_levels_out') ?? tensorAttribute(node, 'n_levels') ?? 256
  const isSigned = (tensorAttribute(node, 'signed') ?? 0) !== 0
  const divided = affineOf(state, node, valueAt(state, node, 0), {
    scale: times(scale, 1 / divisor),
    shift: times(shift, 1 / divisor)
  })
  const whole = addTable(state, node, divided, call('floor'))
  const [low, high] = isSigned ? [-levels / 2, levels / 2 - 1] : [0, levels - 1]
  bind(state, node, clipped(state, node, whole, low, high))
}

/** IntegerDiv of the same exporters: floor((x + div / 2) / div). */
export const readIntegerDiv: OperatorReader = (state, node) => {
  const divisor = tensorAttribute(node, 'Delta') ?? tensorAttribute(node, 'div')
  if (divisor === undefined || divisor === 0) throw unsupported(node, 'its divisor is missing')
  const divided: Value = affineOf(state, node, valueAt(state, node, 0), {
    scale: constantOf('float32', [], [1 / divisor]),
    shift: constantOf('float32', [], [0.5])
  })
  bind(state, node, addTable(state, node, divided, call('floor')))
}

/** A number given as a tensor, an integer or a float. */
export function tensorAttribute(node: OnnxNode, name: string): number | undefined {
  const attribute = node.attributes[name]
  if (attribute?.kind === 'tensor') return numbersOf(attribute.value)[0]
  return attribute?.kind === 'int' || attribute?.kind === 'float' ? attribute.value : undefined
}

function times(tensor: OnnxTensor, factor: number): OnnxTensor {
  return constantOf(
    'float32',
    tensor.dims,
    numbersOf(tensor).map((value) => value * factor)
  )
}
