import { intAttribute, type OnnxNode, type OnnxTensor } from '../onnx/onnx'
import {
  constantAt,
  unsupported,
  weightsAt,
  type ImportState,
  type OperatorReader
} from '../onnx/importState'
import { constantOf, numbersOf } from '../constants/numbers'
import { dequantized } from '../constants/quantized'
import { codesAt, limitedByCodes, meantBy } from './quantization'

/**
 * QOperator models of onnxruntime: each quantized operator read as its float operator on real values, weights dequantized, the
 * output clipped to the range of its codes.
 */

/** Inputs by position: x, scale, zero, (y, scale, zero,) then the output's scale and zero. */
interface Form {
  readonly opType: string
  /** Positions of operands; each is followed by its scale and zero. */
  readonly operands: readonly number[]
  /** Position of the output's scale, followed by its zero. */
  readonly output: number
  /** Position of an int32 bias in units of the product of both scales. */
  readonly bias?: number
}

const forms = new Map<string, Form>([
  ['QLinearConv', { opType: 'Conv', operands: [0, 3], output: 6, bias: 8 }],
  ['QLinearMatMul', { opType: 'MatMul', operands: [0, 3], output: 6 }],
  ['QGemm', { opType: 'Gemm', operands: [0, 3], output: 7, bias: 6 }],
  ['QLinearAdd', { opType: 'Add', operands: [0, 3], output: 6 }],
  ['QLinearMul', { opType: 'Mul', operands: [0, 3], output: 6 }],
  ['QLinearGlobalAveragePool', { opType: 'GlobalAveragePool', operands: [0], output: 3 }],
  ['QLinearAveragePool', { opType: 'AveragePool', operands: [0], output: 3 }],
  ['QLinearSoftmax', { opType: 'Softmax', operands: [0], output: 3 }],
  ['QLinearSigmoid', { opType: 'Sigmoid', operands: [0], output: 3 }],
  ['QLinearLeakyRelu', { opType: 'LeakyRelu', operands: [0], output: 3 }]
])

export const quantizedOperators: readonly string[] = [...forms.keys()]

/** Reads a QOperator node (QLinearConv and the like) as its float operator on dequantized values. */
export function readQuantizedOperator(
  readerOf: (opType: string) => OperatorReader | undefined
): OperatorReader {
  return (state, node) => {
    const form = forms.get(node.opType)!
    const reader = readerOf(form.opType)
    if (reader === undefined) throw unsupported(node, 'this operator is not supported')
    if (intAttribute(node, 'channels_last', 0) !== 0)
      throw unsupported(node, 'channels_last is not supported')
    const inputs = form.operands.map((position) => operandName(state, node, position))
    if (form.bias !== undefined && (node.inputs[form.bias] ?? '') !== '')
      inputs.push(biasName(state, node, form.bias))
    reader(state, { ...node, opType: form.opType, domain: '', inputs })
    const value = state.values.get(node.outputs[0])
    const codes = codesAt(state, node, form.output)
    state.codes.set(node.outputs[0], codes)
    if (value === undefined || state.left.has(node.outputs[0])) return
    state.values.set(node.outputs[0], limitedByCodes(state, node, value, codes))
  }
}

/** The name of the operand's real values: its own where it is computed, a dequantized constant else. */
function operandName(state: ImportState, node: OnnxNode, position: number): string {
  const tensor = constantAt(state, node, position)
  if (tensor === undefined) {
    const name = `${node.name}.operand${position}`
    const value = meantBy(state, { ...node, name }, position)
    if (value === state.values.get(node.inputs[position])) return node.inputs[position]
    state.values.set(name, value)
    return name
  }
  const scale = weightsAt(state, node, position + 1)
  const isTurned = intAttribute(node, 'transB', 0) !== 0
  const axis = tensor.dims.length === 2 && !isTurned ? 1 : 0
  return keep(
    state,
    node,
    position,
    dequantized(node, tensor, scale, constantAt(state, node, position + 2), axis)
  )
}

function biasName(state: ImportState, node: OnnxNode, position: number): string {
  const tensor = weightsAt(state, node, position)
  const input = numbersOf(weightsAt(state, node, 1))[0]
  const weight = numbersOf(weightsAt(state, node, 4))
  const values = numbersOf(tensor).map((value, at) => value * input * weight[weight.length === 1 ? 0 : at])
  return keep(state, node, position, constantOf('float32', tensor.dims, values))
}

function keep(state: ImportState, node: OnnxNode, position: number, tensor: OnnxTensor): string {
  const name = `${node.name}.input${position}`
  state.constants.set(name, { ...tensor, name })
  return name
}
