import { consumersOf, type BatchNormNode, type Graph, type GraphNode, type TableNode } from '../graph'

/** Fewest levels whose rounding is left to our own quantizer; coarser steps are part of what the network was trained to be. */
export const minLevels = 16

/** What rounding does to a value on average; a cut towards 0 is a floor where only values from 0 on pass. */
const meanShift: Readonly<Record<string, number>> = { floor: -0.5, ceil: 0.5, round: 0, trunc: -0.5 }

/**
 * Takes out the rounding of integer networks (Floor and the like in front of a limit with many levels) and leaves its mean, so
 * that factors fold into weights and the limit into the layer: the dequantized network. Coarse steps stay as they are.
 */
export function leaveRounding(graph: Graph): Graph {
  const consumers = consumersOf(graph)
  const nodes = graph.nodes.map((node, index): GraphNode => {
    if (node.op !== 'table' || node.function.kind !== 'call') return node
    const { name, of } = node.function
    if (!Object.hasOwn(meanShift, name) || of.kind !== 'value') return node
    const limit = limitBehind(graph, consumers, index)
    if (limit === null || limit.levels < minLevels) return node
    return shifted(node, name === 'trunc' && limit.low < 0 ? 0 : meanShift[name])
  })
  return { ...graph, nodes }
}

/** The limit that alone reads the node through factors: its levels counted in the node's own units. */
function limitBehind(
  graph: Graph,
  consumers: readonly number[][],
  index: number
): { levels: number; low: number } | null {
  let at = index
  let factor = 1
  for (;;) {
    if (at === graph.output || consumers[at + 1].length !== 1) return null
    at = consumers[at + 1][0]
    const node = graph.nodes[at]
    if (node.op === 'batchNorm') {
      factor *= node.scale.reduce((most, scale) => Math.max(most, Math.abs(scale)), 0)
      continue
    }
    if (node.op !== 'table' || node.function.kind !== 'call') return null
    const { name, parameters } = node.function
    if (name === 'clip') return codesOf(parameters[0], parameters[1], factor)
    if (!Object.hasOwn(meanShift, name)) return null
  }
}

/** Most levels of a limit that keeps codes; one that is open to a side keeps none. */
const maxLevels = 2 ** 32

/** The levels between two limits; null where the limits are none of whole numbers, so that what they limit are no codes. */
function codesOf(low: number, high: number, factor: number): { levels: number; low: number } | null {
  const levels = (high - low) / factor + 1
  const isWhole = factor !== 1 || (Number.isInteger(low) && Number.isInteger(high))
  return levels <= maxLevels && isWhole ? { levels, low } : null
}

function shifted({ name, inputs, outputShape }: TableNode, shift: number): BatchNormNode {
  const channels = outputShape[0]
  return {
    op: 'batchNorm',
    name,
    inputs,
    outputShape,
    scale: new Float32Array(channels).fill(1),
    shift: new Float32Array(channels).fill(shift)
  }
}
