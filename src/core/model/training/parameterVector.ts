import type { Graph } from '../graph'
import type { OnnxBuilder } from '../onnx/onnxBuilder'
import type { FakeQuantizer } from './fakeQuant'
import type { Parameter } from './gradient'
import { parametersOfNode } from './parameters'

/** A trained scale: the node whose weights it quantizes, and its place among the parameters. */
export interface TrainedScale {
  readonly node: number
  readonly parameter: number
}

/** All parameters of a training step and where they lie in its graph. */
export interface ParameterVector {
  /** Those of the nodes in their order, then the trained scales of weight quantizers. */
  readonly all: readonly Parameter[]
  readonly scales: readonly TrainedScale[]
  /** Position of the first parameter of each node. */
  readonly first: readonly number[]
  /** Name of the input with the values of all parameters, one behind the other. */
  readonly value: string
  /** Names of the parameters, each in its shape. */
  readonly names: readonly string[]
}

/**
 * One-bit weights only change where they cross 0, far from where most of them are fitted: at the rate that suits 2 bits
 * hardly any does within an epoch.
 */
const oneBitUnit = 5

/** Emits the input of all parameters and each of them in its shape. */
export function emitParameters(
  builder: OnnxBuilder,
  graph: Graph,
  weightQuantizer: (node: number) => FakeQuantizer | null
): ParameterVector {
  const own: Parameter[] = []
  const learned: (Omit<TrainedScale, 'parameter'> & { readonly scale: Parameter })[] = []
  const first = graph.nodes.map((node, index) => {
    const at = own.length
    const parameters = parametersOfNode(graph, node)
    const quantizer = parameters.length > 0 ? weightQuantizer(index) : null
    const unit = quantizer?.isOneBit === true ? oneBitUnit : 1
    own.push(...parameters.map((one) => ({ ...one, unit })))
    if (quantizer?.isLearned === true) {
      const { dims, scale: initial } = quantizer
      learned.push({ node: index, scale: { role: 'quantizerScale', dims, initial, unit } })
    }
    return at
  })
  const all = [...own, ...learned.map(({ scale }) => scale)]
  const lengths = all.map(({ initial }) => initial.length)
  const length = lengths.reduce((sum, one) => sum + one, 0)
  const value = builder.input('parameters', 'float32', [length])
  const parts = builder.nodes('Split', [value, builder.shape(lengths)], all.length)
  return {
    all,
    scales: learned.map(({ node }, at) => ({ node, parameter: own.length + at })),
    first,
    value,
    names: all.map(({ dims }, at) => builder.node('Reshape', [parts[at], builder.shape(dims)]))
  }
}

/** Values by parameter as one vector. */
export function joinParameters(values: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(values.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const value of values) {
    joined.set(value, at)
    at += value.length
  }
  return joined
}

/** The values of each parameter out of one vector, copied. */
export function splitParameters(joined: Float32Array, parameters: readonly Parameter[]): Float32Array[] {
  let at = 0
  return parameters.map(({ initial }) => joined.slice(at, (at += initial.length)))
}
