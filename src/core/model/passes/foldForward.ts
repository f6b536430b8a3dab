import {
  consumersOf,
  inputShapeOf,
  isWeightedNode,
  sizeOf,
  type BatchNormNode,
  type Graph,
  type GraphNode,
  type WeightedNode
} from '../graph'
import { withoutNodes } from './replaceNodes'

/**
 * Folds x * scale + shift into the weighted layer that alone reads it, also through a flatten. A shift passes only into layers
 * without padding: padded positions are zeros behind the shift.
 */
export function foldForward(graph: Graph): Graph {
  const consumers = consumersOf(graph)
  const nodes: GraphNode[] = [...graph.nodes]
  const standIns = new Map<number, number>()
  for (const [index, node] of graph.nodes.entries()) {
    if (node.op !== 'batchNorm' || index === graph.output) continue
    const target = soleReader(graph, consumers, index)
    const reader = target === undefined ? undefined : nodes[target]
    if (target === undefined || reader === undefined || !isWeightedNode(reader)) continue
    const isPadded = 'pad' in reader && reader.pad.some((side) => side > 0)
    if (isPadded && node.shift.some((value) => value !== 0)) continue
    nodes[target] = absorbed(graph, reader, node)
    standIns.set(index, node.inputs[0])
  }
  return withoutNodes(graph, nodes, standIns)
}

function soleReader(graph: Graph, consumers: readonly number[][], from: number): number | undefined {
  let index = from
  for (;;) {
    const readers = consumers[index + 1]
    if (readers.length !== 1 || index === graph.output) return undefined
    index = readers[0]
    if (graph.nodes[index].op !== 'flatten') return index
  }
}

function absorbed(graph: Graph, reader: WeightedNode, { scale, shift }: BatchNormNode): WeightedNode {
  const outputs = reader.bias.length
  const perOutput = reader.weights.length / outputs
  const channelOf = channelIndex(graph, reader, scale.length, perOutput)
  const weights = new Float32Array(reader.weights.length)
  const bias = Float32Array.from(reader.bias)
  for (let out = 0; out < outputs; out++) {
    let added = 0
    for (let at = 0; at < perOutput; at++) {
      const channel = channelOf(out, at)
      const own = reader.weights[out * perOutput + at]
      weights[out * perOutput + at] = own * scale[channel]
      added += own * shift[channel]
    }
    bias[out] = bias[out] + added
  }
  return { ...reader, weights, bias }
}

/** Channel of the scale for weight `at` of an output. */
function channelIndex(
  graph: Graph,
  reader: WeightedNode,
  channels: number,
  perOutput: number
): (out: number, at: number) => number {
  if (reader.op === 'depthwiseConv2d') return (out) => out
  const inner = reader.op === 'conv2d' ? perOutput / channels : sizeOf(inputShapeOf(graph, reader)) / channels
  return (_, at) => Math.floor(at / inner)
}
