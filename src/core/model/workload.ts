import type { KernelName } from '../../shared/vocabulary'
import { layerKernel } from '../kernel/fromLayer'
import { recurrentBitsOf } from './recurrentSource'
import { geometryOf, inputShapeOf, isWeightedNode, macsOf, parametersOf, type Graph } from './graph'

/** What a proxy and a board need to know of one weighted layer: kernel, shape and amount of work. */
export interface Workload {
  readonly layer: string
  readonly kernel: 'matmul' | 'conv2d' | 'depthwiseConv2d'
  /** The shape that is measured and predicted for the layer, and the factor on its time (LayerKernel). */
  readonly shape: { readonly kernel: KernelName; readonly dims: number[] }
  readonly scale: number
  /** n rows of k inputs times m outputs (n = 1: one image). */
  readonly matmul: { readonly n: number; readonly m: number; readonly k: number } | null
  /** h, w after padding; k output channels. */
  readonly conv: {
    readonly h: number
    readonly w: number
    readonly c: number
    readonly k: number
    readonly ksH: number
    readonly ksW: number
    readonly strideH: number
    readonly strideW: number
    readonly outH: number
    readonly outW: number
  } | null
  readonly macs: number
  readonly parameters: number
}

/** What a recurrence of a network computes and keeps; its states have 8 bits under every scheme. */
export interface RecurrentWork {
  /** Layer of a scheme whose weight bits it has; null: 8 bits (recurrentSource.ts). */
  readonly bitsOf: string | null
  /** Products of states with weights, of one image. */
  readonly macs: number
  readonly weights: number
  /** One for each row of the weights. */
  readonly biases: number
}

/** Recurrences of a network; the products of their inputs are layers of their own (RecurrentNode). */
export function recurrentWorkOf(graph: Graph): RecurrentWork[] {
  return graph.nodes.flatMap((node) =>
    node.op !== 'recurrent'
      ? []
      : {
          bitsOf: recurrentBitsOf(graph, node),
          macs: macsOf(graph, node),
          weights: node.recurrence.length,
          biases: node.recurrenceBias.length
        }
  )
}

/** Workloads of the weighted layers, in scheme order. */
export function workloadsOf(graph: Graph): Workload[] {
  return graph.nodes.filter(isWeightedNode).map((node) => {
    const { scale, ...shape } = layerKernel(geometryOf(graph, node))
    const counts = { shape, scale, macs: macsOf(graph, node), parameters: parametersOf(node) }
    if (node.op === 'dense') {
      const m = node.bias.length
      return {
        layer: node.name,
        kernel: 'matmul',
        matmul: { n: 1, m, k: node.weights.length / m },
        conv: null,
        ...counts
      }
    }
    const [c, h, w] = inputShapeOf(graph, node) as [number, number, number]
    const [k, outH, outW] = node.outputShape as [number, number, number]
    return {
      layer: node.name,
      kernel: node.op,
      matmul: null,
      conv: {
        h: h + node.pad[0] + node.pad[2],
        w: w + node.pad[1] + node.pad[3],
        c,
        k,
        ksH: node.kernel[0],
        ksW: node.kernel[1],
        strideH: node.stride[0],
        strideW: node.stride[1],
        outH,
        outW
      },
      ...counts
    }
  })
}
