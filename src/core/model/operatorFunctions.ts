import { floatAttribute, textAttribute, type OnnxNode } from './onnx/onnx'
import { call, type TableFunction } from './tableFunction'

/** Operators of one value without further inputs, as functions; defaults from the ONNX operator documentation. */
export const functionsOfOperators: Readonly<Record<string, (node: OnnxNode) => TableFunction>> = {
  Sigmoid: () => call('sigmoid'),
  Tanh: () => call('tanh'),
  HardSigmoid: (node) =>
    call('hardSigmoid', floatAttribute(node, 'alpha', 0.2), floatAttribute(node, 'beta', 0.5)),
  HardSwish: () => call('hardSwish'),
  Gelu: (node) => call(textAttribute(node, 'approximate', 'none') === 'tanh' ? 'geluTanh' : 'gelu'),
  Erf: () => call('erf'),
  Elu: (node) => call('elu', floatAttribute(node, 'alpha', 1)),
  Selu: (node) =>
    call(
      'selu',
      floatAttribute(node, 'alpha', 1.67326319217681884765625),
      floatAttribute(node, 'gamma', 1.05070102214813232421875)
    ),
  Celu: (node) => call('celu', floatAttribute(node, 'alpha', 1)),
  Softplus: () => call('softplus'),
  Softsign: () => call('softsign'),
  Mish: () => call('mish'),
  Exp: () => call('exp'),
  Log: () => call('log'),
  Sqrt: () => call('sqrt'),
  Reciprocal: () => call('reciprocal'),
  LeakyRelu: (node) => call('leakyRelu', floatAttribute(node, 'alpha', 0.01)),
  Neg: () => call('neg'),
  Abs: () => call('abs'),
  Floor: () => call('floor'),
  Ceil: () => call('ceil'),
  Round: () => call('round'),
  Sign: () => call('sign'),
  Sin: () => call('sin'),
  Cos: () => call('cos'),
  Shrink: (node) => call('shrink', floatAttribute(node, 'lambd', 0.5), floatAttribute(node, 'bias', 0)),
  ThresholdedRelu: (node) => call('thresholdedRelu', floatAttribute(node, 'alpha', 1))
}
