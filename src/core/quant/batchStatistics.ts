import { sizeOf, type Graph } from '../model/graph'
import { hwcWeights } from './hwcGraph'
import { createFloatRunner, realsOfPixels } from './runFloat'
import { batchNormEpsilon } from '../model/training/emitters/elementwise'

/**
 * Training normalises with the statistics of each batch. For inference they are replaced by those over many images:
 * node by node in execution order, scale' = scale / sd and shift' = shift - scale' * mean, so that the node becomes a
 * plain factor and offset per channel.
 * @param pixels image bytes, HWC, one behind the other
 */
export function withBatchStatistics(graph: Graph, pixels: Uint8Array): Graph {
  let fixed = graph
  for (const [index, node] of graph.nodes.entries()) {
    if (node.op !== 'batchNorm') continue
    const { mean, variance } = statisticsBefore(fixed, node.inputs[0], pixels, node.scale.length)
    const scale = node.scale.map((value, channel) => value / Math.sqrt(variance[channel] + batchNormEpsilon))
    const shift = node.shift.map((value, channel) => value - scale[channel] * mean[channel])
    fixed = { ...fixed, nodes: fixed.nodes.with(index, { ...node, scale, shift }) }
  }
  return fixed
}

function statisticsBefore(graph: Graph, producer: number, pixels: Uint8Array, channels: number) {
  // Only what comes before is run.
  const part: Graph = { ...graph, nodes: graph.nodes.slice(0, producer + 1), output: producer }
  const runner = createFloatRunner(part, hwcWeights(part))
  const size = sizeOf(graph.inputShape)
  const sum = new Float64Array(channels)
  const square = new Float64Array(channels)
  let count = 0
  for (let from = 0; from + size <= pixels.length; from += size) {
    const values = runner.run(realsOfPixels(graph, pixels.subarray(from, from + size)))[producer]
    for (let at = 0; at < values.length; at++) {
      const channel = at % channels
      sum[channel] = sum[channel] + values[at]
      square[channel] = square[channel] + values[at] * values[at]
    }
    count += values.length / channels
  }
  const mean = sum.map((value) => value / count)
  return { mean, variance: square.map((value, channel) => Math.max(0, value / count - mean[channel] ** 2)) }
}
