import type { Graph } from '../graph'
import { withoutNodes } from './replaceNodes'

/** Removes nodes the output does not depend on. */
export function dropUnused(graph: Graph): Graph {
  const used = new Set<number>()
  const visit = (index: number): void => {
    if (index < 0 || used.has(index)) return
    used.add(index)
    for (const input of graph.nodes[index].inputs) visit(input)
  }
  visit(graph.output)
  const unused = graph.nodes.map((_, index) => index).filter((index) => !used.has(index))
  return withoutNodes(graph, graph.nodes, new Map(unused.map((index) => [index, -1])))
}
