import { consumersOf, type Graph, type GraphNode } from '../graph'
import { evaluateFunction } from '../tableFunction'
import { dropUnused } from './dropUnused'

/** A masked score: nothing of float32 is left of exp(-64) beside 1, and a code still holds the scores around it. */
const maskedScore = -64

/**
 * Functions of an embedding's rows are rows of another table; rows that are only added to scores in front of a softmax are cut
 * at -64, where exporters write -10000 or less for what is masked.
 */
export function foldEmbedded(graph: Graph): Graph {
  const nodes = [...graph.nodes]
  for (const [index, node] of nodes.entries()) {
    if (node.op !== 'table') continue
    const from = nodes[node.inputs[0]]
    if (from?.op !== 'embed') continue
    const values = from.values.map((value) => evaluateFunction(node.function, value))
    nodes[index] = { ...from, name: node.name, values }
  }
  const folded = dropUnused({ ...graph, nodes })
  const areMasks = maskNodes(folded)
  const cut = folded.nodes.map((node, index): GraphNode => {
    if (node.op !== 'embed' && node.op !== 'constant') return node
    if (!areMasks[index] || !node.values.some((value) => value < maskedScore)) return node
    return { ...node, values: node.values.map((value) => Math.max(value, maskedScore)) }
  })
  return { ...folded, nodes: cut }
}

/** Of every node, whether all that reads it leads, over moves and sums, to a softmax. */
function maskNodes(graph: Graph): boolean[] {
  const consumers = consumersOf(graph)
  const areMasks: boolean[] = []
  // Readers come behind what they read: each node is looked at once, however many ways lead from it to a softmax.
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const readers = consumers[index + 1]
    areMasks[index] =
      index !== graph.output &&
      readers.length > 0 &&
      readers.every((reader) => {
        const found = graph.nodes[reader]
        if (found.op === 'softmax') return true
        const isSum =
          (found.op === 'add' && !found.relu) || (found.op === 'binary' && found.function === 'add')
        return (isSum || found.op === 'move' || found.op === 'flatten') && areMasks[reader]
      })
  }
  return areMasks
}
