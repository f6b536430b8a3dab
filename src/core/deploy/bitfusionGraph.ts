import { inputShapeOf, isWeightedNode, macsOf, type Graph, type GraphNode } from '../model/graph'
import { workloadsOf, type Workload } from '../model/workload'
import { AppError } from '../../shared/errors'
import { formatBitPair, parseBitPair } from '../../shared/bitPair'
import { countOf } from '../../shared/units'
import type { BitFusionGraph, BitFusionNode } from '../../shared/contract/deploy/bitfusion'
import {
  bitFusionDefaults,
  bitFusionPlan,
  type BitFusionHardware,
  type BitFusionLayer
} from '../accelerator/bitfusion'

/** Widths of one layer; BitFusion takes every whole number from 1 to 8. */
export interface ArrayBits {
  readonly weightBits: number
  readonly activationBits: number
}

/**
 * Reads "w5a3,w8a6,…" (one entry per layer) or a single entry for all layers, whose first then reads 8-bit input.
 * @throws AppError scheme.invalid for an entry that is no bit pair
 */
export function parseArrayBits(text: string, layers: number): ArrayBits[] {
  const parts = text === 'int8' ? ['w8a8'] : text.split(',')
  const pairs = parts.map((part) => {
    const pair = parseBitPair(part)
    if (pair !== null) return pair
    throw new AppError(
      'scheme.invalid',
      `"${part.trim()}" is not a bit pair.`,
      'Write wWaA with W and A from 1 to 8, e.g. w5a3; separate layers by commas.'
    )
  })
  const [all] = pairs
  if (pairs.length > 1 || all === undefined) return pairs
  return Array.from({ length: layers }, (_, layer) => (layer === 0 ? { ...all, activationBits: 8 } : all))
}

/** A layer of the array and how often it runs: a depthwise layer goes channel by channel. */
export function arrayLayer(
  { kernel, matmul, conv }: Workload,
  { weightBits, activationBits }: ArrayBits
): { layer: BitFusionLayer; repeats: number } {
  const bits = { weightBits, activationBits }
  if (matmul !== null) {
    const point = { outputHeight: 1, outputWidth: matmul.n, window: 1 }
    return { layer: { ...point, inputChannels: matmul.k, outputChannels: matmul.m, ...bits }, repeats: 1 }
  }
  const { c, k, ksH, ksW, outH, outW } = conv!
  const window = { outputHeight: outH, outputWidth: outW, window: Math.sqrt(ksH * ksW), ...bits }
  return kernel === 'depthwiseConv2d'
    ? { layer: { ...window, inputChannels: 1, outputChannels: 1 }, repeats: k }
    : { layer: { ...window, inputChannels: c, outputChannels: k }, repeats: 1 }
}

/**
 * A network as a compiler for BitFusion needs it: every node with its inputs and shape; for weighted layers their
 * precisions, tiling, loop order, buffers, traffic and cycles over one batch. Nodes without weights do not run on the
 * array and have no cycles.
 * @param bits of the weighted layers, in network order
 * @throws AppError scheme.invalid unless there is one pair per weighted layer; as bitFusionPlan
 */
export function bitFusionGraph(
  graph: Graph,
  bits: readonly ArrayBits[],
  hardware: BitFusionHardware = bitFusionDefaults
): BitFusionGraph {
  const workloads = workloadsOf(graph)
  if (bits.length !== workloads.length) {
    throw new AppError(
      'scheme.invalid',
      `The scheme has ${countOf(bits.length, 'layer')}, the network ${workloads.length}.`,
      `The weighted layers are, in order: ${workloads.map(({ layer }) => layer).join(', ')}.`
    )
  }
  let weighted = 0
  const nodes = graph.nodes.map((node): BitFusionNode => {
    const array = isWeightedNode(node) ? arrayPart(workloads[weighted], bits[weighted++], hardware) : null
    return { ...nodePart(graph, node), array }
  })
  const cycles = nodes.reduce((sum, { array }) => sum + (array?.cycles ?? 0), 0)
  const { batch } = hardware
  return { format: 'bitbench.bitfusion', version: 1, network: graph.name, hardware, nodes, cycles, batch }
}

function nodePart(graph: Graph, node: GraphNode): Omit<BitFusionNode, 'array'> {
  return {
    name: node.name,
    op: node.op,
    inputs: node.inputs.map((index) => (index < 0 ? 'input' : graph.nodes[index].name)),
    inputShape: node.inputs.length === 0 ? [] : [...inputShapeOf(graph, node)],
    outputShape: [...node.outputShape],
    window:
      'kernel' in node ? { kernel: [...node.kernel], stride: [...node.stride], pad: [...node.pad] } : null,
    relu: 'relu' in node && node.relu,
    macs: macsOf(graph, node)
  }
}

function arrayPart(
  workload: Workload,
  bits: ArrayBits,
  hardware: BitFusionHardware
): NonNullable<BitFusionNode['array']> {
  const { layer, repeats } = arrayLayer(workload, bits)
  const { tile, steps, order, bufferBytes, ...plan } = bitFusionPlan(layer, hardware)
  return {
    weightBits: bits.weightBits,
    activationBits: bits.activationBits,
    outputBits: hardware.outputBits,
    repeats,
    tile,
    steps,
    order: [...order],
    bufferBytes,
    dramBytes: {
      activations: repeats * plan.dramBytes.activations,
      weights: repeats * plan.dramBytes.weights,
      sumsIn: repeats * plan.dramBytes.sumsIn,
      sumsOut: repeats * plan.dramBytes.sumsOut
    },
    computeCycles: repeats * plan.computeCycles,
    cycles: repeats * plan.cycles
  }
}

/** The graph as text: the array, then one block per node. */
export function bitFusionText({ network, hardware, nodes, cycles, batch }: BitFusionGraph): string {
  const { rows, columns, activationSramBytes, weightSramBytes, outputSramBytes, dramBitsPerCycle } = hardware
  return [
    `network ${network}`,
    `array ${rows} x ${columns}, batch ${batch}, ${dramBitsPerCycle} bits per cycle`,
    `sram bytes: activations ${activationSramBytes}, weights ${weightSramBytes}, outputs ${outputSramBytes}; half of each is usable`,
    ...nodes.flatMap(nodeText),
    `cycles ${cycles} per batch of ${batch}`
  ].join('\n')
}

function nodeText({ name, op, inputs, outputShape, array }: BitFusionNode): string[] {
  const head = `${name} = ${op}(${inputs.join(', ')}) -> ${outputShape.join('x')}`
  if (array === null) return [head]
  const { tile, steps, order, bufferBytes, dramBytes, repeats } = array
  const extents = Object.keys(tile) as (keyof typeof tile)[]
  return [
    `${head}  ${formatBitPair(array.weightBits, array.activationBits)}${repeats > 1 ? `, ${repeats} times` : ''}`,
    `  tile ${extents.map((extent) => `${extent} ${tile[extent]}`).join(', ')}`,
    `  steps ${extents.map((extent) => `${extent} ${steps[extent]}`).join(', ')}; loops from the outermost: ${order.join(', ') || 'none'}`,
    `  buffer bytes: activations ${bufferBytes.activations}, weights ${bufferBytes.weights}, outputs ${bufferBytes.outputs}`,
    `  dram bytes: activations ${dramBytes.activations}, weights ${dramBytes.weights}, sums in ${dramBytes.sumsIn}, sums out ${dramBytes.sumsOut}`,
    `  cycles ${array.cycles}, computing ${array.computeCycles}`
  ]
}
