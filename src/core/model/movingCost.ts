import { inputShapeOf, sizeOf, type Graph } from './graph'
import { storagePlaces } from './storage'

/** Elements that moves of a graph really carry to another place in memory. */
export function movingCost(graph: Graph): number {
  let cost = 0
  for (const node of graph.nodes) {
    if (node.op !== 'move') continue
    const [from, to] = [storagePlaces(inputShapeOf(graph, node)), storagePlaces(node.outputShape)]
    const isInPlace =
      from.length === to.length && node.map.every((source, at) => source >= 0 && from[source] === to[at])
    if (!isInPlace) cost += sizeOf(node.outputShape)
  }
  return cost
}
