import type { OnnxNode, OnnxTensor } from '../onnx/onnx'
import {
  bind,
  constantAt,
  hasInput,
  unsupported,
  valueAt,
  weightsAt,
  type ImportState,
  type OperatorReader
} from '../onnx/importState'
import { constantOf, numbersOf } from '../constants/numbers'
import { dequantized } from '../constants/quantized'
import { createMacro, type Macro } from './macro'
import { codesHeld } from './quantization'

/**
 * Dynamically quantized networks (onnxruntime's quantize_dynamic): activations are read as the real numbers that their codes stand
 * for, so the scale found at run time is 1 and its zero point 0; weights are dequantized.
 */
export function dynamicReaders(read: OperatorReader): [string, OperatorReader][] {
  return [
    ['DynamicQuantizeLinear', readDynamicQuantize],
    ['ConvInteger', integerLayer(read, 'Conv')],
    ['MatMulInteger', integerLayer(read, 'MatMul')]
  ]
}

/** The same of the domain com.microsoft, where the scales are inputs of the product. */
export function fusedDynamicReaders(read: OperatorReader): [string, OperatorReader][] {
  return [
    [
      'DynamicQuantizeMatMul',
      (state, node) => {
        const macro = createMacro(state, node, read)
        const weights = weightsOf(state, node, macro, { values: 1, scale: 2, zero: 3 })
        bindSum(node, macro, macro.add('MatMul', [node.inputs[0], weights]), 4)
      }
    ],
    [
      'MatMulIntegerToFloat',
      (state, node) => {
        const macro = createMacro(state, node, read)
        const weights = weightsOf(state, node, macro, { values: 1, scale: 3, zero: 5 })
        const input = macro.add('Mul', [
          withoutZero(state, node, macro, { operand: 0, zero: 4, axis: rowAxis }),
          node.inputs[2]
        ])
        bindSum(node, macro, macro.add('MatMul', [input, weights]), 6)
      }
    ]
  ]
}

const readDynamicQuantize: OperatorReader = (state, node) => {
  bind(state, node, valueAt(state, node, 0))
  const [codes, scale, zero] = node.outputs
  state.codes.set(codes, { scale: 1, zero: 0, limits: null })
  if (scale !== undefined) state.constants.set(scale, { name: scale, dims: [], data: Float32Array.of(1) })
  if (zero !== undefined) state.constants.set(zero, { name: zero, dims: [], data: Uint8Array.of(0) })
}

/** A layer of integers: (x - x's zero point) by (weights - their zero point). */
const integerLayer =
  (read: OperatorReader, opType: 'Conv' | 'MatMul'): OperatorReader =>
  (state, node) => {
    const macro = createMacro(state, node, read)
    const left = withoutZero(state, node, macro, { operand: 0, zero: 2, axis: rowAxis })
    const right = withoutZero(state, node, macro, { operand: 1, zero: 3, axis: outputAxis[opType] })
    macro.bind(macro.add(opType, [left, right], node.attributes))
  }

/** Axis of a left operand along which zero points may differ. */
const rowAxis = -2
/** Axis of weights along which scales and zero points may differ. */
const outputAxis = { Conv: 0, MatMul: -1 } as const

/** Name of the weights of a product as real numbers. */
function weightsOf(
  state: ImportState,
  node: OnnxNode,
  macro: Macro,
  at: { values: number; scale: number; zero: number }
): string {
  const [values, scale] = [weightsAt(state, node, at.values), weightsAt(state, node, at.scale)]
  return kept(macro, dequantized(node, values, scale, zeroPointAt(state, node, at.zero), outputAxis.MatMul))
}

/** The zero point at an input, which may be left out: 0. @throws model.unsupportedOperator where it is computed */
function zeroPointAt(state: ImportState, node: OnnxNode, position: number): OnnxTensor {
  return hasInput(node, position) ? weightsAt(state, node, position) : constantOf('uint8', [], [0])
}

const kept = (macro: Macro, { dims, data }: OnnxTensor): string => macro.constant(dims, data)

/**
 * Name of an operand as code - zero point, with one zero point for all or one per index of an axis.
 * @throws model.unsupportedOperator for a computed operand of which the codes are not known
 */
function withoutZero(
  state: ImportState,
  node: OnnxNode,
  macro: Macro,
  at: { operand: number; zero: number; axis: number }
): string {
  const name = node.inputs[at.operand]
  const given = zeroPointAt(state, node, at.zero)
  const constant = constantAt(state, node, at.operand)
  if (constant !== undefined)
    return kept(macro, dequantized(node, constant, constantOf('float32', [], [1]), given, at.axis))
  const read = codesHeld(state, name)
  if (read === undefined)
    throw unsupported(
      node,
      `the codes of its input ${at.operand + 1} are not known`,
      'Its inputs must come from QuantizeLinear or DynamicQuantizeLinear, or be integers of the network.'
    )
  const zeros = Float32Array.from(numbersOf(given), (zero) => zero - read.zero)
  const codes = read.scale === 1 ? name : macro.add('Mul', [name, macro.scalar(1 / read.scale)])
  if (zeros.every((zero) => zero === 0)) return codes
  const isPerRow = at.axis === rowAxis && given.dims.length === 1
  const dims = zeros.length === 1 ? [] : isPerRow ? [zeros.length, 1] : given.dims
  return macro.add('Sub', [codes, macro.constant(dims, zeros)])
}

/** Binds a product, plus the bias where the node has one. */
function bindSum(node: OnnxNode, macro: Macro, product: string, bias: number): void {
  macro.bind(hasInput(node, bias) ? macro.add('Add', [product, node.inputs[bias]]) : product)
}
