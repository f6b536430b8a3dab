import type { Graph, GraphNode } from '../graph'

/** A graph under construction, node by node in the order of another one. */
export interface Rebuilding {
  /** Appends a node whose inputs are indices of the new graph; returns its index. */
  append(node: GraphNode): number
  readonly nodes: readonly GraphNode[]
}

/**
 * A graph in which every node is replaced by what `place` appends for it; `place` gets the node with its inputs already
 * renumbered and returns the index that stands for its output.
 */
export function rebuilt(
  graph: Graph,
  place: (node: GraphNode, building: Rebuilding, index: number) => number
): Graph {
  const nodes: GraphNode[] = []
  const places: number[] = []
  const building: Rebuilding = {
    nodes,
    append: (node) => nodes.push(node) - 1
  }
  for (const [index, node] of graph.nodes.entries()) {
    const inputs = node.inputs.map((input) => (input < 0 ? -1 : places[input]))
    places.push(place({ ...node, inputs }, building, index))
  }
  return { ...graph, nodes, output: places[graph.output] }
}
