import type { Graph } from '../graph'
import { withoutNodes } from './replaceNodes'

/** Removes nodes the output does not depend on. */
export function dropUnused(graph: Graph): Graph {
  const used = new Set<number>()
  // An explicit stack: networks are deep.
  const open = [graph.output]
  while (open.length > 0) {
    const index = open.pop()!
    if (index < 0 || used.has(index)) continue
    used.add(index)
    open.push(...graph.nodes[index].inputs)
  }
  const unused = graph.nodes.map((_, index) => index).filter((index) => !used.has(index))
  return withoutNodes(graph, graph.nodes, new Map(unused.map((index) => [index, -1])))
}
