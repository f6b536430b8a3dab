/** How an exporter quantized one tensor. */
export interface ExportedFormat {
  readonly bits: number
  /** Real value of a step: one for the tensor or one per channel; empty in networks of plain integers. */
  readonly scales: readonly number[]
  /** Code of the real value 0, of the first channel. */
  readonly zero: number
}

/** What a quantized file says of one layer of the graph; null where it says nothing. */
export interface ExportedLayer {
  readonly layer: string
  readonly weights: ExportedFormat | null
  /** Of the layer's input. */
  readonly activations: ExportedFormat | null
}
