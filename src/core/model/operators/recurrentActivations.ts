import { float, floatAttribute, type OnnxAttribute, type OnnxNode } from '../onnx/onnx'
import { unsupported } from '../onnx/importState'
import type { Macro } from './macro'

/** Name of what a function of a recurrence makes of the value of a name. */
export type Activation = (name: string) => string

/** The functions of one direction that a recurrence has unless its attribute `activations` says otherwise. */
const usual: Readonly<Record<string, readonly string[]>> = {
  LSTM: ['Sigmoid', 'Tanh', 'Tanh'],
  GRU: ['Sigmoid', 'Tanh'],
  RNN: ['Tanh']
}

/** Functions that may be named, by their lower-case name: the operator, with its default parameters where it takes some. */
const known: Readonly<Record<string, { opType: string; alpha?: number; beta?: number }>> = {
  sigmoid: { opType: 'Sigmoid' },
  tanh: { opType: 'Tanh' },
  relu: { opType: 'Relu' },
  softsign: { opType: 'Softsign' },
  softplus: { opType: 'Softplus' },
  leakyrelu: { opType: 'LeakyRelu', alpha: 0.01 },
  elu: { opType: 'Elu', alpha: 1 },
  thresholdedrelu: { opType: 'ThresholdedRelu', alpha: 1 },
  hardsigmoid: { opType: 'HardSigmoid', alpha: 0.2, beta: 0.5 }
}

/**
 * The functions of a direction: parameters are taken from activation_alpha and activation_beta in turn by the functions that have
 * any; the attribute `clip` limits what they are taken of.
 * @throws AppError model.unsupportedOperator for other functions
 */
export function activationsOf(node: OnnxNode, macro: Macro, index: number, count: number): Activation[] {
  const own = usual[node.opType] ?? []
  const names = namesOf(node) ?? Array.from({ length: count }, () => own).flat()
  const [alphas, betas] = [
    numbersAttribute(node, 'activation_alpha'),
    numbersAttribute(node, 'activation_beta')
  ]
  const clip = floatAttribute(node, 'clip', 0)
  const made = names.map((name, at): Activation => {
    const form = Object.hasOwn(known, name.toLowerCase()) ? known[name.toLowerCase()] : undefined
    if (form === undefined) throw unsupported(node, `the activation ${name} is not supported`)
    const attributes: Record<string, OnnxAttribute> = {}
    if (form.alpha !== undefined) attributes['alpha'] = float(alphas.shift() ?? form.alpha)
    if (form.beta !== undefined) attributes['beta'] = float(betas.shift() ?? form.beta)
    // The cell, of which an LSTM's third function is taken, is not limited.
    const limit = at % own.length === 2 ? 0 : clip
    return (value) => macro.add(form.opType, [limitedTo(macro, value, limit)], attributes)
  })
  return made.slice(index * own.length, (index + 1) * own.length)
}

function namesOf(node: OnnxNode): readonly string[] | null {
  const given = node.attributes['activations']
  return given?.kind === 'strings' && given.value.length > 0 ? given.value : null
}

function numbersAttribute(node: OnnxNode, name: string): number[] {
  const given = node.attributes[name]
  return given?.kind === 'floats' ? [...given.value] : []
}

/** Name of a value within a limit of both signs; of 0 or less: the value itself. */
export function limitedTo(macro: Macro, value: string, limit: number): string {
  if (limit <= 0) return value
  return macro.add('Clip', [value, macro.scalar(-limit), macro.scalar(limit)])
}
