import type { OnnxNode } from '../onnx/onnx'

/** Nodes on which one of the wanted values depends, in the order given. */
export function dropDeadNodes(nodes: readonly OnnxNode[], wanted: readonly string[]): OnnxNode[] {
  const needed = new Set(wanted)
  const kept = [...nodes].reverse().filter((node) => {
    if (!node.outputs.some((output) => needed.has(output))) return false
    for (const input of node.inputs) needed.add(input)
    return true
  })
  return kept.reverse()
}
