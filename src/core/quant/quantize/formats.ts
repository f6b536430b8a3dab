import { consumersOf, isWeightedNode, type Graph, type GraphNode, type Shape } from '../../model/graph'
import type { ActivationRanges } from './calibration'
import type { CodeFormat } from '../quantizedNetwork'
import { passesCodes, representative } from './passedCodes'
import { inputBits, type Bits, type Scheme } from '../scheme'

/**
 * In which code format every tensor of a graph is kept under a scheme. A tensor is stored with the most bits any of
 * its readers wants; a reader that wants fewer gets a Requantize layer of its own. Operators without weights read 8 bits,
 * but for those that hand codes on, which read what they write.
 */
export interface TensorFormats {
  readonly input: CodeFormat
  /** Of each node's output; null on a last layer that writes sums. */
  readonly stored: readonly (CodeFormat | null)[]
  /** Format a node wants to read its inputs in. */
  wanted(node: number, position: number): CodeFormat
}

/** Returns scale, zero and bits of every tensor: what its readers want, from the calibrated ranges. */
export function planFormats(
  calibration: Pick<ActivationRanges, 'graph' | 'formatOf'>,
  scheme: Scheme
): TensorFormats {
  const { graph } = calibration
  const consumers = consumersOf(graph)
  const bitsOf = new Map(scheme.map((entry) => [entry.layer, entry.activationBits]))
  const input: CodeFormat = { bits: inputBits, scale: graph.inputScale, zero: graph.inputZero }
  const storedBits = new Array<Bits>(graph.nodes.length).fill(8)
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const wants = consumers[index + 1].map((reader) => wantedBits(graph.nodes[reader], storedBits[reader]))
    if (wants.length > 0) storedBits[index] = Math.max(...wants) as Bits
  }

  function wantedBits(node: GraphNode, ownBits: Bits): Bits {
    if (isWeightedNode(node)) return bitsOf.get(node.name)!
    return passesCodes(node) ? ownBits : 8
  }

  const formatOf = (node: number, bits: Bits): CodeFormat => {
    if (node < 0 || (bits === input.bits && comesFromInput(graph, node))) {
      return node < 0 && bits !== input.bits ? requantizedInput(input, bits) : input
    }
    return calibration.formatOf(representative(graph, consumers, node), bits)
  }
  return {
    input,
    stored: graph.nodes.map((_, index) =>
      index === graph.output && endsInSums(graph) ? null : formatOf(index, storedBits[index])
    ),
    wanted(index, position) {
      const node = graph.nodes[index]
      // A pool or flatten does not change codes: what it reads is what it stores.
      if (passesCodes(node)) return formatOf(index, storedBits[index])
      return formatOf(node.inputs[position], wantedBits(node, storedBits[index]))
    }
  }
}

function comesFromInput(graph: Graph, node: number): boolean {
  let index = node
  while (index >= 0 && passesCodes(graph.nodes[index]) && graph.nodes[index].op !== 'concat')
    index = graph.nodes[index].inputs[0]
  return index < 0
}

/** The network input at fewer bits: the same range of real values. */
function requantizedInput(input: CodeFormat, bits: Bits): CodeFormat {
  const isUnsigned = input.zero === 128
  const steps = isUnsigned ? 2 ** bits - 1 : 2 ** bits - 2 || 2
  const zero = isUnsigned ? (bits === 1 ? 1 : 2 ** (bits - 1)) : 0
  // A signed format reaches equally far on both sides: it must cover the input's farther end.
  const range = (isUnsigned ? 255 : 255 + 2 * Math.abs(input.zero)) * input.scale
  return { bits, scale: range / (bits === 1 ? 2 : steps), zero }
}

/**
 * Whether the network's output can be the int32 sums of its last layer: a weighted node without ReLU that nothing else
 * reads and whose sums lie in ONNX order. Every other network ends in codes, which an `output` layer widens.
 */
export function endsInSums(graph: Graph): boolean {
  const last = graph.nodes[graph.output]
  if (!isWeightedNode(last) || last.relu || last.ceiling !== undefined) return false
  if (graph.nodes.some((node) => node.inputs.includes(graph.output))) return false
  return isOnnxOrder(last.outputShape)
}

/** Whether a tensor lies in memory as ONNX counts it: all but images of several channels and pixels. */
export function isOnnxOrder(shape: Shape): boolean {
  return shape.length !== 3 || shape[0] === 1 || shape[1] * shape[2] === 1
}
