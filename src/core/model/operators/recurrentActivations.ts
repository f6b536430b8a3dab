import { float, floatAttribute, type OnnxAttribute, type OnnxNode } from '../onnx/onnx'
import { unsupported } from '../onnx/importState'
import { call, evaluateFunction, type TableFunction } from '../tableFunction'
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

/** A function of a recurrence: the operator and its parameters. */
export interface NamedActivation {
  readonly opType: string
  readonly alpha?: number
  readonly beta?: number
}

/**
 * The functions of direction `index` of `count`: parameters are taken from activation_alpha and activation_beta in turn by the
 * functions that have any.
 * @throws AppError model.unsupportedOperator for other functions
 */
export function namedActivations(node: OnnxNode, index: number, count: number): NamedActivation[] {
  const own = usual[node.opType] ?? []
  const names = namesOf(node) ?? Array.from({ length: count }, () => own).flat()
  const [alphas, betas] = [
    numbersAttribute(node, 'activation_alpha'),
    numbersAttribute(node, 'activation_beta')
  ]
  const made = names.map((name): NamedActivation => {
    const form = Object.hasOwn(known, name.toLowerCase()) ? known[name.toLowerCase()] : undefined
    if (form === undefined) throw unsupported(node, `the activation ${name} is not supported`)
    return {
      opType: form.opType,
      ...(form.alpha === undefined ? {} : { alpha: alphas.shift() ?? form.alpha }),
      ...(form.beta === undefined ? {} : { beta: betas.shift() ?? form.beta })
    }
  })
  if (made.length !== count * own.length)
    throw unsupported(node, `${made.length} activations are given where there must be ${count * own.length}`)
  return made.slice(index * own.length, (index + 1) * own.length)
}

/** The functions as operators of an unrolled step; the attribute `clip` limits what they are taken of. */
export function activationsOf(
  node: OnnxNode,
  macro: Macro,
  functions: readonly NamedActivation[]
): Activation[] {
  const clip = floatAttribute(node, 'clip', 0)
  return functions.map(({ opType, alpha, beta }, at) => {
    const attributes: Record<string, OnnxAttribute> = {
      ...(alpha === undefined ? {} : { alpha: float(alpha) }),
      ...(beta === undefined ? {} : { beta: float(beta) })
    }
    // The cell, of which an LSTM's third function is taken, is not limited.
    const limit = at === 2 ? 0 : clip
    return (value) => macro.add(opType, [limitedTo(macro, value, limit)], attributes)
  })
}

/** Functions whose values lie between -1 and 1, and their ONNX operators. */
export const boundedActivations = [
  { name: 'sigmoid', opType: 'Sigmoid' },
  { name: 'tanh', opType: 'Tanh' },
  { name: 'softsign', opType: 'Softsign' },
  { name: 'hardSigmoid', opType: 'HardSigmoid' }
] as const

/** The functions as tables of one node; null where one has values beyond -1 and 1. */
export function boundedFunctions(functions: readonly NamedActivation[]): TableFunction[] | null {
  const made = functions.flatMap(({ opType, alpha, beta }): TableFunction[] => {
    const known = boundedActivations.find((activation) => activation.opType === opType)
    const parameters = [alpha, beta].filter((parameter) => parameter !== undefined)
    return known === undefined ? [] : [call(known.name, ...parameters)]
  })
  return made.length === functions.length ? made : null
}

/** Whether a function hardly changes beyond -8 and 8, where its table ends: Softsign does, and a HardSigmoid of little slope. */
export function isFlatOutside(f: TableFunction): boolean {
  return [-1, 1].every(
    (side) => Math.abs(evaluateFunction(f, 1e9 * side) - evaluateFunction(f, 8 * side)) < 1e-3
  )
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
