import type { Graph } from './graph'

/** Operators behind which an element that is no number stays one, and none beside it becomes so. */
const passing: ReadonlySet<string> = new Set(['table', 'relu', 'move', 'flatten', 'concat'])

/** Tables of which nothing but such operators reads: their NaN and infinities are the network's results. */
export function tablesAtTheEnd({ nodes, output }: Graph): Set<number> {
  const found = new Set<number>()
  const isRead = new Set(nodes.flatMap((node) => (passing.has(node.op) ? [] : node.inputs)))
  const open = [output]
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (index < 0 || found.has(index) || !passing.has(nodes[index].op) || isRead.has(index)) continue
    found.add(index)
    open.push(...nodes[index].inputs)
  }
  return found
}
