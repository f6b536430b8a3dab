import type { Ending } from './onnx/importState'

/** How a tensor of the ONNX file lies over one of the graph: the graph's element for each of its own; null: the same. */
export interface TensorView {
  readonly name: string
  /** Batch (1) included. */
  readonly dims: readonly number[]
  readonly map: Int32Array | null
  /** Whole numbers up to 65,535: the graph has a low byte for each, and behind all of those a high one. */
  readonly isIndex?: boolean
  /** The file's own sizes where `dims` are those of a vector of all elements: of an input without an axis of items. */
  readonly fileDims?: readonly number[]
  /** The axis of items is symbolic and used in another way too, so that several items would not be computed one by one. */
  readonly isOneItem?: boolean
}

/** An output of the file over the graph's. */
export interface ImportedOutput extends TensorView {
  /** Value of elements the map gives as -1. */
  readonly fill: number
  /** Operators behind it that the graph leaves out, in order. */
  readonly endings: readonly Ending[]
}
