import { isWeightedNode, type Graph, type WeightedNode } from '../../model/graph'
import type { FakeQuantizer } from '../../model/training/fakeQuant'
import { fromHwcWeights, hwcWeights, weightsOfNode } from '../hwcGraph'
import {
  codeRange,
  isWeighted,
  type CodeFormat,
  type IntegerLayer,
  type QuantizedNetwork
} from '../quantizedNetwork'
import { integerLayer } from './weightedLayer'
import { weightCode } from './weightQuantizer'

type WeightedLayer = Extract<IntegerLayer, { weights: Int8Array }>

/**
 * The graph a retraining begins with: every weight lies in the cell of its fitted code, as near to the float weight as
 * that cell allows, so that training starts from the fitted network and not from plain rounding.
 */
export function retrainingStart(
  graph: Graph,
  fitted: QuantizedNetwork
): { graph: Graph; quantizers: (node: number) => { weights: FakeQuantizer; input: FakeQuantizer | null } } {
  const layers = new Map(fitted.layers.filter(isWeighted).map((layer) => [layer.name, layer]))
  const floats = hwcWeights(graph)
  const nodes = graph.nodes.map((node, index) => {
    if (!isWeightedNode(node)) return node
    const layer = layers.get(node.name)!
    const weights = weightsOfNode(floats, index).map((value, at) => {
      const scale = layer.weightScale[channelOf(layer, at)]
      const code = layer.weights[at]
      return scale * (code + Math.max(-cell, Math.min(cell, value / scale - code)))
    })
    return { ...node, weights: fromHwcWeights(graph, node, weights), bias: realBias(layer) }
  })
  return {
    graph: { ...graph, nodes },
    quantizers(index) {
      const node = graph.nodes[index] as WeightedNode
      const layer = layers.get(node.name)!
      const isInput = node.inputs[0] < 0
      return { weights: weightQuantizer(node, layer), input: isInput ? null : inputQuantizer(layer.input) }
    }
  }
}

/** How far from its code a weight may start, in steps; below half so that rounding gives the code back. */
const cell = 0.49

/** Trained scales stay above this: weights of a dead channel may pull theirs to 0. */
const minScale = 1e-8

/** The trained weights of one node as an integer layer of the same formats; `learned`: its scales, where trained too. */
export function buildRetrainedLayer(
  trained: Graph,
  index: number,
  layer: WeightedLayer,
  learned: Float32Array | undefined
): WeightedLayer {
  const scales =
    learned === undefined
      ? layer.weightScale
      : Float64Array.from(learned, (scale) => Math.max(minScale, scale))
  const node = trained.nodes[index] as WeightedNode
  const weights = weightsOfNode(hwcWeights(trained), index)
  const codes = Int8Array.from(weights, (value, at) =>
    weightCode(value, scales[channelOf(layer, at)], layer.weightBits)
  )
  return integerLayer(
    {
      node,
      index,
      bits: { layer: layer.name, weightBits: layer.weightBits, activationBits: layer.activationBits },
      inputs: layer.inputs,
      inputShape: layer.inputShape,
      outputShape: layer.outputShape,
      input: layer.input,
      output: layer.last ? null : { bits: layer.outBits, scale: layer.outScale, zero: layer.outZero }
    },
    { codes, scales, bias: Float64Array.from(node.bias) }
  )
}

function channelOf(layer: WeightedLayer, at: number): number {
  const channels = layer.bias.length
  return layer.op === 'depthwiseConv2d' ? at % channels : Math.floor((at * channels) / layer.weights.length)
}

function realBias(layer: WeightedLayer): Float32Array {
  const sums = new Float64Array(layer.bias.length)
  for (let at = 0; at < layer.weights.length; at++) {
    const channel = channelOf(layer, at)
    sums[channel] = sums[channel] + layer.weights[at]
  }
  return Float32Array.from(
    layer.bias,
    (bias, channel) =>
      (bias - layer.input.zero * sums[channel]) * layer.input.scale * layer.weightScale[channel]
  )
}

function weightQuantizer(node: WeightedNode, layer: WeightedLayer): FakeQuantizer {
  const { low, high } = codeRange(layer.weightBits)
  return {
    scale: Float32Array.from(layer.weightScale),
    dims: [layer.weightScale.length, ...(node.op === 'dense' ? [1] : [1, 1, 1])],
    bottom: low,
    top: high,
    isOneBit: layer.weightBits === 1,
    // The last layer's channels are compared with each other and share one scale, which stays.
    isLearned: !layer.last
  }
}

function inputQuantizer({ bits, scale, zero }: CodeFormat): FakeQuantizer {
  const { low, high } = codeRange(bits)
  return {
    scale: Float32Array.of(scale),
    dims: [],
    bottom: low + zero,
    top: high + zero,
    isOneBit: bits === 1
  }
}
