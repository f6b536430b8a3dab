import type { OnnxNode } from '../onnx/onnx'

/** Every node has a name of its own; exporters leave it empty or repeat it. */
export function nameNodes(nodes: readonly OnnxNode[]): OnnxNode[] {
  const taken = new Set<string>()
  return nodes.map((node, index) => {
    const wanted = node.name !== '' ? node.name : `${node.opType}_${index}`
    let name = wanted
    for (let copy = 2; taken.has(name); copy++) name = `${wanted}_${copy}`
    taken.add(name)
    return { ...node, name }
  })
}
