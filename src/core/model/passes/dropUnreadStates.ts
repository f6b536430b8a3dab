import type { OnnxNode } from '../onnx/onnx'

const recurrences = new Set(['LSTM', 'GRU', 'RNN'])

/** Recurrences without last outputs that neither a node nor the wanted output reads: PyTorch names the cell of every LSTM. */
export function dropUnreadStates(nodes: readonly OnnxNode[], wanted: string): OnnxNode[] {
  const read = new Set([wanted, ...nodes.flatMap(({ inputs }) => inputs)])
  return nodes.map((node) => {
    if (!recurrences.has(node.opType)) return node
    return {
      ...node,
      outputs: node.outputs.slice(0, node.outputs.findLastIndex((name) => read.has(name)) + 1)
    }
  })
}
