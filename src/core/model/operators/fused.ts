import { floatAttribute, intAttribute, textAttribute, type OnnxNode } from '../onnx'
import { bind, hasInput, unsupported, valueAt, type ImportState, type OperatorReader } from '../importState'
import { call } from '../tableFunction'
import { createMacro } from './macro'
import { addTable, clipped, reluOf } from './unary'

type Read = (state: ImportState, node: OnnxNode) => void

/** Operators into which onnxruntime joins standard ones (domain com.microsoft), read as what they were. */
export function fusedReaders(read: Read): [string, OperatorReader][] {
  const biased =
    (name: 'gelu' | 'geluTanh'): OperatorReader =>
    (state, node) => {
      const sum = hasInput(node, 1) ? createMacro(state, node, read).add('Add', node.inputs) : null
      const value = sum === null ? valueAt(state, node, 0) : state.values.get(sum)!
      bind(state, node, addTable(state, node, value, call(name)))
    }
  return [
    ['Gelu', biased('gelu')],
    ['BiasGelu', biased('gelu')],
    ['FastGelu', biased('geluTanh')],
    ['QuickGelu', quickGelu(read)],
    ['FusedConv', activated(read, 'Conv')],
    ['FusedGemm', activated(read, 'Gemm')],
    ['FusedMatMul', fusedMatMul(read)]
  ]
}

/** x * sigmoid(alpha * x). */
const quickGelu =
  (read: Read): OperatorReader =>
  (state, node) => {
    const macro = createMacro(state, node, read)
    const factor = macro.constant([], Float32Array.of(floatAttribute(node, 'alpha', 1.702)))
    const gate = macro.add('Sigmoid', [macro.add('Mul', [node.inputs[0], factor])])
    bind(state, node, state.values.get(macro.add('Mul', [node.inputs[0], gate]))!)
  }

/** A layer with its activation. */
const activated =
  (read: Read, opType: string): OperatorReader =>
  (state, node) => {
    if (hasInput(node, 3)) throw unsupported(node, 'a sum fused into it is not supported')
    read(state, { ...node, opType, domain: '' })
    const value = valueAt(state, { ...node, inputs: node.outputs }, 0)
    const parameters = node.attributes['activation_params']
    const [a = 0, b = 0] = parameters?.kind === 'floats' ? parameters.value : []
    const name = textAttribute(node, 'activation', '')
    switch (name) {
      case '':
        return
      case 'Relu':
        return bind(state, node, reluOf(state, node, value))
      case 'Clip':
        return bind(state, node, clipped(state, node, value, a, b))
      case 'LeakyRelu':
        return bind(state, node, addTable(state, node, value, call('leakyRelu', a)))
      case 'HardSigmoid':
        return bind(state, node, addTable(state, node, value, call('hardSigmoid', a, b)))
      case 'Sigmoid':
      case 'Tanh':
        return bind(state, node, addTable(state, node, value, call(name === 'Tanh' ? 'tanh' : 'sigmoid')))
      default:
        throw unsupported(node, `the fused activation ${name} is not supported`)
    }
  }

const fusedMatMul =
  (read: Read): OperatorReader =>
  (state, node) => {
    if (['transA', 'transB', 'transBatchA', 'transBatchB'].some((name) => intAttribute(node, name, 0) !== 0))
      throw unsupported(
        node,
        'transposed operands are not supported',
        'Save the network before onnxruntime optimises it (or at level "basic").'
      )
    const macro = createMacro(state, node, read)
    const product = macro.add('MatMul', node.inputs)
    const factor = macro.constant([], Float32Array.of(floatAttribute(node, 'alpha', 1)))
    bind(state, node, state.values.get(macro.add('Mul', [product, factor]))!)
  }
