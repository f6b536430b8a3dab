import type { Graph, GraphNode } from '../graph'

/**
 * A graph without the nodes mapped to another: readers of a removed node read its stand-in (a node index, -1 for the
 * network input). Stand-ins may be removed themselves.
 */
export function withoutNodes(
  graph: Graph,
  nodes: readonly GraphNode[],
  standIns: ReadonlyMap<number, number>
): Graph {
  const resolve = (index: number): number => {
    let at = index
    while (standIns.has(at)) at = standIns.get(at)!
    return at
  }
  const kept = nodes.map((_, index) => index).filter((index) => !standIns.has(index))
  const position = new Map(kept.map((index, at) => [index, at]))
  const place = (index: number): number => (index < 0 ? -1 : (position.get(resolve(index)) ?? -1))
  return {
    ...graph,
    nodes: kept.map((index) => ({ ...nodes[index], inputs: nodes[index].inputs.map(place) })),
    output: place(graph.output)
  }
}
