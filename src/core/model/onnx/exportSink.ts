import type { OnnxAttribute, OnnxData } from './onnx'

/** Where the nodes of an exported graph go; `node` returns the name of the value it made. */
export interface ExportSink {
  node(opType: string, inputs: readonly string[], attributes?: Record<string, OnnxAttribute>): string
  constant(data: OnnxData, dims: readonly number[]): string
  /** Name of the network's input, [batch, …]. */
  readonly image: string
}

/** Name of a constant that holds sizes, axes or indices, [values.length]. */
export function sizeList(sink: ExportSink, values: readonly number[]): string {
  return sink.constant(BigInt64Array.from(values, BigInt), [values.length])
}
