import { consumersOf, isWeightedNode, type Graph, type GraphNode } from '../graph'
import { maxFloat } from '../tableFunction'
import { limitsOf } from './joinLimits'
import { withoutNodes } from './replaceNodes'

/**
 * Fuses a ReLU into the weighted layer or Add it alone reads; max pooling and flattening in between commute with it. A ReLU with an
 * upper limit (ReLU6) and limits that lie equally far from 0 on both sides, where signed codes end, go into weighted layers only.
 * Others stay nodes; a second ReLU in a row vanishes.
 */
export function fuseRelu(graph: Graph): Graph {
  const consumers = consumersOf(graph)
  const nodes: GraphNode[] = [...graph.nodes]
  const standIns = new Map<number, number>()
  for (const [index, node] of nodes.entries()) {
    const limits = fusedLimits(node)
    if (limits === null) continue
    const target = producerThrough(nodes, consumers, graph.output, node.inputs[0], limits)
    if (target === undefined) continue
    const producer = nodes[target]
    if ('relu' in producer) nodes[target] = { ...producer, ...activation(limits) }
    standIns.set(index, node.inputs[0])
  }
  return withoutNodes(graph, nodes, standIns)
}

type Limits = readonly [low: number, high: number]

/** Share of the farther limit by which one may lie nearer to 0: 8-bit codes have one more below 0. */
const lopsided = 0.02

/** Limits that a layer may keep to by where its codes end; null for other nodes. */
function fusedLimits(node: GraphNode): Limits | null {
  const limits = limitsOf(node)
  if (limits === null) return null
  const [low, high] = limits
  const isEven = low < 0 && high > 0 && Math.abs(low + high) <= lopsided * Math.max(-low, high)
  if (low === 0 || (isEven && high < maxFloat)) return [low, high >= maxFloat ? Infinity : high]
  return null
}

function activation([low, high]: Limits): { relu: boolean; ceiling?: number; floor?: number } {
  if (low < 0) return { relu: false, floor: low, ceiling: high }
  return { relu: true, ...(high === Infinity ? {} : { ceiling: high }) }
}

/** The node that can take the limits, reached through nodes that only hand values on and that nothing else reads. */
function producerThrough(
  nodes: readonly GraphNode[],
  consumers: readonly number[][],
  output: number,
  from: number,
  [, high]: Limits
): number | undefined {
  let index = from
  while (index >= 0) {
    if (consumers[index + 1].length !== 1 || index === output) return undefined
    const node = nodes[index]
    if ('relu' in node) {
      const hasOwn = 'ceiling' in node && node.ceiling !== undefined
      return hasOwn || (high !== Infinity && (!isWeightedNode(node) || node.relu)) ? undefined : index
    }
    if (node.op === 'relu') return high === Infinity ? index : undefined
    if (node.op !== 'maxPool' && node.op !== 'flatten') return undefined
    index = node.inputs[0]
  }
  return undefined
}
