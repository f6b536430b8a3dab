import type { GraphNode, Shape } from '../graph'
import type { OnnxBuilder } from '../onnx/onnxBuilder'

/**
 * What a gradient emitter is given: it writes the forward ONNX nodes of one graph node and returns the value it made
 * and a function that, given the gradient of that value, writes the backward nodes.
 */
export interface EmitterSite<N extends GraphNode = GraphNode> {
  readonly builder: OnnxBuilder
  readonly node: N
  /** Names of the values read, batch first (NCHW or [batch, n]). */
  readonly inputs: readonly string[]
  /** Shapes of those without the batch. */
  readonly inputShapes: readonly Shape[]
  /** Names of the node's parameters (already fake-quantized where requested), in the order `parameters` lists them. */
  readonly parameters: readonly string[]
}

/** The value of a node and the emitter of its gradients. */
export interface Emitted {
  readonly value: string
  /** Gradients of the inputs and of the parameters, in order; null where `wanted` says it is not needed. */
  backward(gradient: string, wantsInputs: boolean): { inputs: (string | null)[]; parameters: string[] }
}

/** A trained tensor of a node: its role, shape and first value. */
export interface Parameter {
  readonly role: 'weights' | 'bias' | 'scale' | 'shift' | 'quantizerScale'
  readonly dims: readonly number[]
  readonly initial: Float32Array
  /** What Adam's rate is multiplied by; absent: 1. */
  readonly unit?: number
}
