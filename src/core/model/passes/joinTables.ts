import { consumersOf, inputShapeOf, type Graph, type GraphNode } from '../graph'
import { call, compose, identity, type TableFunction } from '../tableFunction'
import { dropUnused } from './dropUnused'

/** Most calls and joins of one table: a function of itself again and again would double with every step. */
const maxParts = 64

/** A node's output as a function of one other node's output, element by element. */
interface Derived {
  readonly root: number
  readonly f: TableFunction
}

/**
 * One table for a chain of functions, and for a product or sum of functions of one value: x * sigmoid(x) and the pieces into
 * which exporters take HardSwish, SiLU and GELU apart.
 */
export function joinTables(graph: Graph): Graph {
  const consumers = consumersOf(graph)
  const derived: Derived[] = []
  const nodes = graph.nodes.map((node, index): GraphNode => {
    const found = derive(graph, derived, node)
    const own = found === null || partsOf(found.f) > maxParts ? null : found
    derived.push(own ?? { root: index, f: identity })
    if (own === null || !isWorthIt(graph, consumers, node, own.root)) return node
    return {
      op: 'table',
      name: node.name,
      inputs: [own.root],
      outputShape: node.outputShape,
      function: own.f
    }
  })
  return dropUnused({ ...graph, nodes })
}

/** A single table stays as it is; a chain or a join becomes one. */
function isWorthIt(graph: Graph, consumers: readonly number[][], node: GraphNode, root: number): boolean {
  if (node.op === 'relu') return false
  if (node.op !== 'table') return true
  const input = node.inputs[0]
  return input !== root && consumers[input + 1].length === 1 && input !== graph.output
}

function derive(graph: Graph, derived: readonly Derived[], node: GraphNode): Derived | null {
  const of = (input: number): Derived => (input < 0 ? { root: -1, f: identity } : derived[input])
  if (node.op === 'table' || node.op === 'relu') {
    const inner = of(node.inputs[0])
    return { root: inner.root, f: compose(node.op === 'relu' ? call('relu') : node.function, inner.f) }
  }
  if (node.op !== 'binary' && node.op !== 'add') return null
  const [left, right] = [of(node.inputs[0]), of(node.inputs[1])]
  const isPlain = [0, 1].every((at) => inputShapeOf(graph, node, at).join() === node.outputShape.join())
  // x + x and the like stay what they are unless a function is involved.
  const isFunction = left.f !== identity || right.f !== identity
  if (left.root !== right.root || !isPlain || !isFunction) return null
  const joined: TableFunction = {
    kind: 'join',
    join: node.op === 'add' ? 'add' : node.function,
    left: left.f,
    right: right.f
  }
  const isRectified = node.op === 'add' && node.relu
  return { root: left.root, f: isRectified ? compose(call('relu'), joined) : joined }
}

function partsOf(f: TableFunction): number {
  if (f.kind === 'value') return 0
  return 1 + (f.kind === 'call' ? partsOf(f.of) : partsOf(f.left) + partsOf(f.right))
}
