import { float, floatAttribute, intAttribute, textAttribute } from '../onnx/onnx'
import { bind, hasInput, unsupported, valueAt, type OperatorReader } from '../onnx/importState'
import { call } from '../tableFunction'
import { createMacro } from './macro'
import { addTable } from './unary'

/** Operators into which onnxruntime joins standard ones (domain com.microsoft), read as what they were. */
export function fusedReaders(read: OperatorReader): [string, OperatorReader][] {
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
  (read: OperatorReader): OperatorReader =>
  (state, node) => {
    const macro = createMacro(state, node, read)
    const factor = macro.scalar(floatAttribute(node, 'alpha', 1.702))
    const gate = macro.add('Sigmoid', [macro.add('Mul', [node.inputs[0], factor])])
    macro.bind(macro.add('Mul', [node.inputs[0], gate]))
  }

/** Attributes of the activations that are fused, in the order of `activation_params`. */
const activations: ReadonlyMap<string, readonly string[]> = new Map([
  ['Relu', []],
  ['Sigmoid', []],
  ['Tanh', []],
  ['LeakyRelu', ['alpha']],
  ['HardSigmoid', ['alpha', 'beta']],
  ['Clip', ['min', 'max']]
])

/** A layer with its activation. */
const activated =
  (read: OperatorReader, opType: string): OperatorReader =>
  (state, node) => {
    if (hasInput(node, 3)) throw unsupported(node, 'a sum fused into it is not supported')
    read(state, { ...node, opType, domain: '' })
    const name = textAttribute(node, 'activation', '')
    if (name === '') return
    const names = activations.get(name)
    if (names === undefined) throw unsupported(node, `the fused activation ${name} is not supported`)
    const parameters = node.attributes['activation_params']
    const values = parameters?.kind === 'floats' ? parameters.value : []
    const attributes = Object.fromEntries(names.map((own, at) => [own, float(values[at] ?? 0)]))
    read(state, { ...node, opType: name, domain: '', inputs: node.outputs, attributes })
  }

const fusedMatMul =
  (read: OperatorReader): OperatorReader =>
  (state, node) => {
    if (['transA', 'transB', 'transBatchA', 'transBatchB'].some((name) => intAttribute(node, name, 0) !== 0))
      throw unsupported(
        node,
        'transposed operands are not supported',
        'Save the network before onnxruntime optimises it (or at level "basic").'
      )
    const macro = createMacro(state, node, read)
    const product = macro.add('MatMul', node.inputs)
    const factor = macro.scalar(floatAttribute(node, 'alpha', 1))
    macro.bind(macro.add('Mul', [product, factor]))
  }
