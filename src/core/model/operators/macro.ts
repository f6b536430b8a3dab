import type { OnnxAttribute, OnnxData, OnnxNode } from '../onnx/onnx'
import { bind, valueAt, type ImportState, type OperatorReader } from '../onnx/importState'

/** Writes an operator as others: each is read at once, under names that begin with the node's own. */
export interface Macro {
  /** Reads one more operator; returns the name of its first output. */
  add(opType: string, inputs: readonly string[], attributes?: Record<string, OnnxAttribute>): string
  constant(dims: readonly number[], data: OnnxData): string
  scalar(value: number): string
  /** A list of whole numbers, as Reshape takes a shape. */
  shape(sizes: readonly number[]): string
  /** Binds the first output of the node that it stands for to the value of this name. */
  bind(name: string): void
}

/** Returns a writer of small ONNX graphs that stand for one node and are read by `read`. */
export function createMacro(state: ImportState, node: OnnxNode, read: OperatorReader): Macro {
  let counter = 0
  const macro: Macro = {
    add(opType, inputs, attributes = {}) {
      const name = `${node.name}.${opType}_${counter++}`
      read(state, { name, opType, domain: '', inputs, outputs: [name], attributes })
      return name
    },
    constant(dims, data) {
      const name = `${node.name}.constant_${counter++}`
      state.constants.set(name, { name, dims, data })
      return name
    },
    scalar: (value) => macro.constant([], Float32Array.of(value)),
    shape: (sizes) => macro.constant([sizes.length], BigInt64Array.from(sizes, BigInt)),
    bind(name) {
      const constant = state.constants.get(name)
      if (constant === undefined) bind(state, node, valueAt(state, { ...node, inputs: [name] }, 0))
      else state.constants.set(node.outputs[0], constant)
    }
  }
  return macro
}
