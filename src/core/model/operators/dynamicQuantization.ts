import type { OnnxNode, OnnxTensor } from '../onnx'
import {
  bind,
  constantAt,
  hasInput,
  valueAt,
  weightsAt,
  type ImportState,
  type OperatorReader
} from '../importState'
import { constantOf, numbersOf } from '../constants/numbers'
import { dequantized } from '../constants/quantized'
import { createMacro, type Macro } from './macro'

type Read = (state: ImportState, node: OnnxNode) => void

/**
 * Dynamically quantized networks (onnxruntime's quantize_dynamic): activations are read as the real numbers that their codes stand
 * for, so the scale found at run time is 1 and its zero point 0; weights are dequantized.
 */
export function dynamicReaders(read: Read): [string, OperatorReader][] {
  return [
    ['DynamicQuantizeLinear', readDynamicQuantize],
    ['ConvInteger', integerLayer(read, 'Conv')],
    ['MatMulInteger', integerLayer(read, 'MatMul')]
  ]
}

/** The same of the domain com.microsoft, where the scales are inputs of the product. */
export function fusedDynamicReaders(read: Read): [string, OperatorReader][] {
  return [
    [
      'DynamicQuantizeMatMul',
      (state, node) => {
        const macro = createMacro(state, node, read)
        const weights = weightsOf(state, node, macro, { values: 1, scale: 2, zero: 3 })
        bindSum(state, node, macro, macro.add('MatMul', [node.inputs[0], weights]), 4)
      }
    ],
    [
      'MatMulIntegerToFloat',
      (state, node) => {
        const macro = createMacro(state, node, read)
        const weights = weightsOf(state, node, macro, { values: 1, scale: 3, zero: 5 })
        const input = macro.add('Mul', [withoutZero(state, node, macro, 0, 4), node.inputs[2]])
        bindSum(state, node, macro, macro.add('MatMul', [input, weights]), 6)
      }
    ]
  ]
}

const readDynamicQuantize: OperatorReader = (state, node) => {
  bind(state, node, valueAt(state, node, 0))
  const [, scale, zero] = node.outputs
  if (scale !== undefined) state.constants.set(scale, { name: scale, dims: [], data: Float32Array.of(1) })
  if (zero !== undefined) state.constants.set(zero, { name: zero, dims: [], data: Uint8Array.of(0) })
}

/** A layer of integers: (x - x's zero point) by (weights - their zero point). */
const integerLayer =
  (read: Read, opType: 'Conv' | 'MatMul'): OperatorReader =>
  (state, node) => {
    const macro = createMacro(state, node, read)
    const weights = constantAt(state, node, 1)
    const one = constantOf('float32', [], [1])
    const right =
      weights === undefined
        ? withoutZero(state, node, macro, 1, 3)
        : kept(macro, realWeights(node, weights, one, constantAt(state, node, 3), opType))
    const made = macro.add(opType, [withoutZero(state, node, macro, 0, 2), right], node.attributes)
    bind(state, node, state.values.get(made)!)
  }

/** Weights as real numbers, with scales and zero points per output channel or one for all. */
function realWeights(
  node: OnnxNode,
  tensor: OnnxTensor,
  scale: OnnxTensor,
  zero: OnnxTensor | undefined,
  opType: 'Conv' | 'MatMul'
): OnnxTensor {
  const axis = opType === 'Conv' ? 0 : tensor.dims.length - 1
  const zeros = zero?.data.length ?? 1
  if (zeros === 1 || scale.data.length > 1) return dequantized(node, tensor, scale, zero, axis)
  const scales = constantOf('float32', [zeros], new Float64Array(zeros).fill(numbersOf(scale)[0]))
  return dequantized(node, tensor, scales, zero, axis)
}

function weightsOf(
  state: ImportState,
  node: OnnxNode,
  macro: Macro,
  at: { values: number; scale: number; zero: number }
): string {
  const [values, scale] = [weightsAt(state, node, at.values), weightsAt(state, node, at.scale)]
  return kept(macro, realWeights(node, values, scale, constantAt(state, node, at.zero), 'MatMul'))
}

const kept = (macro: Macro, { dims, data }: OnnxTensor): string => macro.constant(dims, data)

/** Name of an operand less its zero point. */
function withoutZero(
  state: ImportState,
  node: OnnxNode,
  macro: Macro,
  operand: number,
  zeroAt: number
): string {
  const name = node.inputs[operand]
  if (!hasInput(node, zeroAt)) return name
  const zeros = numbersOf(weightsAt(state, node, zeroAt))
  if (zeros.every((zero) => zero === 0)) return name
  return macro.add('Sub', [
    name,
    macro.constant(zeros.length === 1 ? [] : [zeros.length, 1], Float32Array.from(zeros))
  ])
}

/** Binds a product, plus the bias where the node has one. */
function bindSum(state: ImportState, node: OnnxNode, macro: Macro, product: string, bias: number): void {
  const sum = hasInput(node, bias) ? macro.add('Add', [product, node.inputs[bias]]) : product
  bind(state, node, state.values.get(sum)!)
}
