import type { LabelledImages } from '../../src/core/model/dataSet'
import { exportOnnx } from '../../src/core/model/onnx/exportOnnx'
import {
  consumersOf,
  inputShapeOf,
  isWeightedNode,
  sizeOf,
  type Graph,
  type GraphNode,
  type WeightedNode
} from '../../src/core/model/graph'
import { floatScores } from '../../src/main/model/accuracy/floatAccuracy'
import { openOrtSession } from '../../src/main/model/onnxruntime/ortSession'

/** By what neighbouring layers are made alike: largest weights, largest activations, or the mean of activations and weights. */
export const equalisations = ['weights', 'activations and weights', 'activations'] as const

/** A way of equalising two layers. */
export type Equalisation = (typeof equalisations)[number]

/** Equalising one pair changes what its neighbours see; by weights it is repeated. */
const weightRounds = 10
const maxFactor = 30

/**
 * The same float network with each channel between two layers divided by a factor in the first and multiplied by it in the
 * second (cross-layer equalisation, Nagel et al., arXiv 1906.04721; by activations as in SmoothQuant, arXiv 2211.10438).
 * Only where nothing but ReLU, pools and flattening lies between and no other layer reads the first.
 */
export async function equalised(graph: Graph, way: Equalisation, sample: LabelledImages): Promise<Graph> {
  let found = graph
  for (let round = 0; round < (way === 'weights' ? weightRounds : 1); round++) {
    for (const [from, to] of neighbours(found)) {
      const largest = way === 'weights' ? null : await largestOutputs(found, from, sample)
      const first = largestWeights(found.nodes[from] as WeightedNode, (out) => out)
      const second = largestWeights(found.nodes[to] as WeightedNode, readChannel(found, to, first.length))
      const factors = first.map((own, channel) => {
        const range = largest === null ? own : largest[channel]!
        const factor = way === 'activations' ? range : Math.sqrt(range / second[channel]!)
        return Number.isFinite(factor) && factor > 1e-6 ? factor : 1
      })
      const mean = Math.exp(factors.reduce((sum, factor) => sum + Math.log(factor), 0) / factors.length)
      const limited = factors.map((factor) => Math.min(maxFactor, Math.max(1 / maxFactor, factor / mean)))
      found = rescaled(found, from, to, limited)
    }
  }
  return found
}

/** Pairs of weighted nodes with nothing between that a positive factor does not pass through. */
function neighbours(graph: Graph): [from: number, to: number][] {
  const consumers = consumersOf(graph)
  const passes = ['flatten', 'maxPool', 'avgPool', 'relu']
  return graph.nodes.flatMap((node, from): [number, number][] => {
    if (!isWeightedNode(node) || node.ceiling !== undefined) return []
    let index = from
    for (;;) {
      const readers = consumers[index + 1]!
      if (readers.length !== 1 || index === graph.output) return []
      index = readers[0]!
      const reader = graph.nodes[index]!
      if (isWeightedNode(reader)) return [[from, index]]
      if (!passes.includes(reader.op)) return []
    }
  })
}

/** Input channel of weight `at` of an output. */
function readChannel(graph: Graph, index: number, channels: number): (out: number, at: number) => number {
  const node = graph.nodes[index] as WeightedNode
  if (node.op === 'depthwiseConv2d') return (out) => out
  const perOutput = node.weights.length / node.bias.length
  const inner = node.op === 'conv2d' ? perOutput / channels : sizeOf(inputShapeOf(graph, node)) / channels
  return (_, at) => Math.floor(at / inner)
}

function largestWeights(node: WeightedNode, channelOf: (out: number, at: number) => number): number[] {
  const perOutput = node.weights.length / node.bias.length
  const largest: number[] = []
  for (const [index, weight] of node.weights.entries()) {
    const channel = channelOf(Math.floor(index / perOutput), index % perOutput)
    largest[channel] = Math.max(largest[channel] ?? 0, Math.abs(weight))
  }
  return largest
}

async function largestOutputs(graph: Graph, index: number, sample: LabelledImages): Promise<number[]> {
  const part: Graph = { ...graph, output: index, nodes: graph.nodes.slice(0, index + 1) }
  const session = await openOrtSession(exportOnnx(part))
  const values = await floatScores(session, part, sample)
  await session.release()
  const { outputShape } = graph.nodes[index]!
  const channels = outputShape[0]!
  const inner = sizeOf(outputShape) / channels
  const largest = new Array<number>(channels).fill(0)
  for (const [at, value] of values.entries()) {
    const channel = Math.floor(at / inner) % channels
    largest[channel] = Math.max(largest[channel]!, Math.abs(value))
  }
  return largest
}

function rescaled(graph: Graph, from: number, to: number, factors: readonly number[]): Graph {
  const nodes: GraphNode[] = [...graph.nodes]
  const [first, second] = [nodes[from] as WeightedNode, nodes[to] as WeightedNode]
  const channelOf = readChannel(graph, to, factors.length)
  const [perFirst, perSecond] = [first, second].map(({ weights, bias }) => weights.length / bias.length) as [
    number,
    number
  ]
  nodes[from] = {
    ...first,
    weights: first.weights.map((weight, at) => weight / factors[Math.floor(at / perFirst)]!),
    bias: first.bias.map((bias, channel) => bias / factors[channel]!)
  }
  nodes[to] = {
    ...second,
    weights: second.weights.map((weight, at) => {
      return weight * factors[channelOf(Math.floor(at / perSecond), at % perSecond)]!
    })
  }
  return { ...graph, nodes }
}
