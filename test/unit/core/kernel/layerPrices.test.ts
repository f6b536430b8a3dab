import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { callsOf, shapesOf, type KernelCall } from '@core/deploy/kernelCalls'
import { layerMacs } from '@core/kernel/fromLayer'
import { isPossible, shapeKey, shapeWork } from '@core/kernel/shape'
import { geometryOf, isWeightedNode, macsOf, type Graph, type GraphNode } from '@core/model/graph'
import { importOnnx } from '@core/model/onnx/importOnnx'
import { workloadsOf } from '@core/model/workload'
import { toShapeRows } from '@core/profile/proxyRows'
import { workColumns } from '@core/proxy/features'
import type { Proxy } from '@core/proxy/fit/proxy'
import type { ShapeRows } from '@core/proxy/samples'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import { isWeighted } from '@core/quant/quantizedNetwork'
import { uniformScheme } from '@core/quant/scheme'
import { proxyCosts } from '@core/search/costs/costModels'
import { costOf } from '@core/search/costs/costTable'
import { createNetworkCost, type CostTarget } from '@main/costs/networkCost'
import { decodeOnnx } from '@main/model/files/onnxFile'
import { proxyKernelNames, type ProxyKernelName } from '@shared/vocabulary'
import { someImages } from '../../../support/smallNetworks'

const modelFolder = path.resolve('resources/models')
const shipped = readdirSync(modelFolder)
  .filter((file) => file.endsWith('.onnx'))
  .map((file): [string, Graph] => [file, importOnnx(decodeOnnx(readFileSync(path.join(modelFolder, file))))])

/** Windows, strides and paddings that are not square, in convolutions of both kinds and in a pool. */
function oblongNetwork(): Graph {
  const weights = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.cos(i))
  const trained = (count: number, outputs: number) => ({
    weights: weights(count),
    bias: new Float32Array(outputs),
    relu: true
  })
  const nodes: GraphNode[] = [
    {
      op: 'conv2d',
      name: 'tall',
      inputs: [-1],
      outputShape: [4, 12, 10],
      kernel: [3, 1],
      stride: [1, 1],
      pad: [1, 0, 1, 0],
      ...trained(12, 4)
    },
    {
      op: 'depthwiseConv2d',
      name: 'wide',
      inputs: [0],
      outputShape: [4, 12, 5],
      kernel: [1, 5],
      stride: [1, 2],
      pad: [0, 2, 0, 2],
      ...trained(20, 4)
    },
    {
      op: 'conv2d',
      name: 'uneven',
      inputs: [1],
      outputShape: [6, 6, 3],
      kernel: [3, 3],
      stride: [2, 2],
      pad: [0, 1, 1, 1],
      ...trained(216, 6)
    },
    {
      op: 'maxPool',
      name: 'pool',
      inputs: [2],
      outputShape: [6, 3, 3],
      kernel: [2, 1],
      stride: [2, 1],
      pad: [0, 0, 0, 0]
    },
    { op: 'flatten', name: 'flatten', inputs: [3], outputShape: [54] },
    { op: 'dense', name: 'fc', inputs: [4], outputShape: [3], ...trained(162, 3), relu: false }
  ]
  return { name: 'oblong', inputShape: [1, 12, 10], inputScale: 1 / 255, inputZero: 0, nodes, output: 5 }
}

/** Prices that depend on every count of work and on the bits, differently for each kernel. */
const predict = (rows: ShapeRows): Float64Array => {
  const { macs, outputs, patches, weights, inputs } = workColumns(rows)
  const dear = 1 + proxyKernelNames.indexOf(rows.kernel)
  return Float64Array.from({ length: rows.count }, (_, row) => {
    const work = 7 * macs[row]! + 3 * outputs[row]! + 2 * patches[row]! + 5 * weights[row]! + inputs[row]!
    return dear * work * (rows.activationBits[row]! + 2 * rows.weightBits[row]! + 1)
  })
}
const proxies = new Map<ProxyKernelName, Proxy>(
  proxyKernelNames.map((kernel) => [kernel, { kernel, unit: 'cycles', predict } as unknown as Proxy])
)
const target: CostTarget = { boardId: 'b', unit: 'cycles', proxies, measured: null }
const deployCost = createNetworkCost({ operatorSamples: async () => [] })
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** What a fit on a campaign's Samples predicts for a call; a copy, of which nothing is measured here, as requantising its codes. */
const profilePrice = (call: KernelCall): number => {
  const { kernel, dims } = call.kernel === 'flatten' ? requantizing(call.dims[0]!) : call
  return call.scale * predict(toShapeRows(kernel, [{ ...call, kernel, dims }]))[0]!
}
const requantizing = (codes: number) => ({ kernel: 'requantize' as const, dims: [codes, 1] })

describe.each([...shipped, ['windows that are not square', oblongNetwork()] as [string, Graph]])(
  'prices of %s',
  (_, graph) => {
    const names = graph.nodes.filter(isWeightedNode).map(({ name }) => name)
    const scheme = uniformScheme(names, 8, 8)
    const network = quantizeNetwork(measureActivationRanges(graph, someImages(graph, 2)), scheme)

    it('are the same for every layer in Search, in Deploy and in Profile', async () => {
      const search = proxyCosts(workloadsOf(graph), proxies)
      const deploy = await deployCost.layers(network, target)
      const measurable = new Set(shapesOf(network).map(shapeKey))
      for (const [index, layer] of network.layers.entries()) {
        const { inner, others } = callsOf(layer)
        for (const call of inner === null ? others : [inner, ...others]) {
          expect(measurable.has(shapeKey(call))).toBe(true)
          expect(isPossible(call)).toBe(true)
        }
        const beside = sum(others.map(profilePrice))
        const products = inner === null ? 0 : profilePrice(inner)
        expect(deploy.layers[index]).toBeCloseTo(products + beside, 6)
        if (!isWeighted(layer)) continue
        // The image is read at 8 bits, and so is everything here.
        const row = names.indexOf(layer.name)
        const alone = costOf(search, scheme) - costOf(search, without(scheme, layer.name))
        expect(row).toBeGreaterThanOrEqual(0)
        expect(alone).toBeCloseTo(products - profilePrice({ ...inner!, weightBits: 1, activationBits: 1 }), 6)
      }
      const table = await deployCost.table(network, workloadsOf(graph), target)
      expect(costOf(table, scheme)).toBeCloseTo(sum(deploy.layers.map((cost) => cost!)), 4)
    })

    it('stand for exactly the multiply-accumulates of each layer', () => {
      for (const { layer, shape, scale, macs } of workloadsOf(graph)) {
        const node = graph.nodes.find(({ name }) => name === layer)!
        expect(shapeWork(shape).macs * scale).toBeCloseTo(macs, 6)
        expect(macs).toBe(macsOf(graph, node))
        expect(macs).toBe(layerMacs(network.layers.filter(isWeighted).find(({ name }) => name === layer)!))
      }
      for (const node of graph.nodes.filter(isWeightedNode)) {
        // Independent of the counting: every weight is used once per output pixel.
        const { outputShape } = geometryOf(graph, node)
        expect(macsOf(graph, node)).toBe(node.weights.length * outputShape[0] * outputShape[1])
      }
    })
  }
)

function without(scheme: ReturnType<typeof uniformScheme>, layer: string): ReturnType<typeof uniformScheme> {
  return scheme.map((bits) => (bits.layer === layer ? { ...bits, weightBits: 1, activationBits: 1 } : bits))
}
