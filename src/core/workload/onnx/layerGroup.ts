import type { LayerType } from '../../../shared/contract/workload/workloadRows'
import type { OnnxNode } from '../../model/onnx/onnx'

/** Operators of a network that are measured and changed together. Every computed node is in exactly one group. */
export interface LayerGroup {
  readonly id: string
  readonly type: LayerType
  /** Its operators, each once: "MatMul+Add". */
  readonly className: string
  readonly nodes: readonly OnnxNode[]
  /** Computed values that it reads from outside. */
  readonly inputs: readonly string[]
  /** Values that are read outside or that the network gives out. */
  readonly outputs: readonly string[]
  /** Initializers that it multiplies by, looks up or scales with. */
  readonly weights: readonly string[]
}
