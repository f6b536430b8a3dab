import * as ort from 'onnxruntime-node'
import { exportOnnx } from '../../../core/model/onnx/exportOnnx'
import { int } from '../../../core/model/onnx/onnx'
import { createOnnxBuilder } from '../../../core/model/onnx/onnxBuilder'
import { hasActivation, sizeOf, type Graph } from '../../../core/model/graph'
import { toChannelsFirst } from '../../../core/dataset/prepare'
import {
  runEachLayer,
  runLayerBytes,
  type FitEngine,
  type ArithmeticRequest,
  type FloatProbe,
  type FloatValues,
  type LayersRequest,
  type ProbedFloats
} from '../../../core/quant/quantize/fitEngine'
import type { ShapeHwc } from '../../../core/kernel/shape'
import { toHwc } from '../../../core/quant/hwcGraph'
import { elementCount, isLast, type IntegerLayer } from '../../../core/quant/quantizedNetwork'
import { byteLayersModel, isByteLayer } from '../../../core/quant/integer/byteModel'
import { channelSumsOnOrt } from './channelSumsSession'
import { exactByteWeights } from './byteWeights'
import { createStructureSessions } from './structureSessions'
import { byteItems, itemsAtOnce, openOrtSession, tensorReals, realTensor } from './ortSession'

/** Below this many visits plain loops are faster than a session. */
const minVisits = 200_000

/** Fitting's arithmetic through onnxruntime, one thread. */
export function createOrtFitEngine(options: { minVisits?: number } = {}): FitEngine {
  const least = options.minVisits ?? minVisits
  const probes = new Map<FloatProbe, Promise<ort.InferenceSession>>()
  return {
    async carryOut(request: ArithmeticRequest) {
      if (request.kind === 'product') return multiply(request.left, request.right, request.rows)
      if (request.kind === 'channelSums') return channelSumsOnOrt(request)
      if (request.kind === 'layers') return runLayersOnOrt(request, least)
      const { probe, input, items } = request
      let session = probes.get(probe)
      if (session === undefined) probes.set(probe, (session = openProbe(probe)))
      return runProbe(await session, probe, input, items)
    },
    async end() {
      const sessions = [...probes.values()]
      probes.clear()
      for (const session of sessions) await (await session).release()
    }
  }
}

/** How often elements are read for one item. */
export function visitsOf(layer: IntegerLayer): number {
  const outputs = elementCount(layer.outputShape)
  if (layer.op === 'conv2d' || layer.op === 'dense')
    return outputs * (layer.weights.length / layer.outputShape[2])
  return outputs * ('kernel' in layer ? layer.kernel[0] * layer.kernel[1] : 1)
}

/** All layers in one session where onnxruntime's kernels take them; else one by one. */
async function runLayersOnOrt(request: LayersRequest, least: number): Promise<readonly Uint8Array[]> {
  const { layers, sources, inputs, wanted, items } = request
  const visits = layers.reduce((sum, layer) => sum + visitsOf(layer) * items, 0)
  if (visits < least) return runEachLayer(request, runLayerBytes)
  const onBytes = (layer: IntegerLayer): boolean => isByteLayer(layer) && !isLast(layer)
  if (layers.every(onBytes)) return runOverBytes(request)
  const outputs: Uint8Array[] = []
  for (const [at, layer] of layers.entries()) {
    const read = sources[at].map((from) => (from < 0 ? inputs[-1 - from] : outputs[from]))
    const single = {
      ...request,
      layers: [layer],
      sources: [read.map((_, n) => -1 - n)],
      inputs: read,
      wanted: [0]
    }
    outputs.push(
      onBytes(layer) && visitsOf(layer) * items >= least
        ? (await runOverBytes(single))[0]
        : runLayerBytes(layer, read, items)
    )
  }
  return wanted.map((at) => outputs[at])
}

/** Of this thread. */
const sessions = createStructureSessions()

async function runOverBytes({
  layers,
  sources,
  inputs,
  wanted,
  items,
  take
}: LayersRequest): Promise<Uint8Array[]> {
  const model = byteLayersModel(layers, sources, wanted, await exactByteWeights())
  return sessions.use(model, async (session, numbers) => {
    const shapes = inputShapes(layers, sources)
    const results = wanted.map((at) => ({
      name: `result${wanted.indexOf(at)}`,
      shape: layers[at].outputShape,
      bytes: take(items * elementCount(layers[at].outputShape))
    }))
    const batch = itemsAtOnce(
      Math.max(
        ...layers.map(
          (layer) => layer.inputs.length * elementCount(layer.inputShape) + elementCount(layer.outputShape)
        )
      )
    )
    for (let from = 0; from < items; from += batch) {
      const count = Math.min(batch, items - from)
      await session.run(
        {
          ...numbers,
          ...Object.fromEntries(
            inputs.map((all, at) => [`bytes${at}`, byteItems(all, shapes[at], from, count)])
          )
        },
        // Written in place: a batch of its own would be copied, and collected later.
        Object.fromEntries(
          results.map(({ name, bytes, shape }) => [name, byteItems(bytes, shape, from, count)])
        )
      )
    }
    return results.map(({ bytes }) => bytes)
  })
}

/** In which shape every input of a request is read first, as byteLayersModel declares it. */
function inputShapes(layers: readonly IntegerLayer[], sources: readonly (readonly number[])[]): ShapeHwc[] {
  const shapes: ShapeHwc[] = []
  for (const [at, layer] of layers.entries())
    for (const from of sources[at]) if (from < 0) shapes[-1 - from] ??= layer.inputShape
  return shapes
}

let multiplier: Promise<ort.InferenceSession> | undefined

/** leftᵀ · right, [left width][right width]. */
async function multiply(left: Float32Array, right: Float32Array, rows: number): Promise<Float32Array> {
  multiplier ??= openMultiplier()
  const session = await multiplier
  const results = await session.run({
    left: realTensor(left, [rows, left.length / rows]),
    right: realTensor(right, [rows, right.length / rows])
  })
  return tensorReals(results['product'])
}

function openMultiplier(): Promise<ort.InferenceSession> {
  const builder = createOnnxBuilder()
  const left = builder.input('left', 'float32', ['rows', 'height'])
  const right = builder.input('right', 'float32', ['rows', 'width'])
  builder.output(builder.node('Gemm', [left, right], { transA: int(1) }), 'product')
  return openOrtSession(builder.build('product'))
}

/** The float network with the wanted values as further outputs. */
function openProbe({ graph, wanted }: FloatProbe): Promise<ort.InferenceSession> {
  const model = exportOnnx(graph)
  const names = new Set([
    ...wanted.outputs.map((at) => outputName(graph, at)),
    ...sumNames(graph, wanted.sums)
  ])
  const outputs = [...names].map((name) => ({ name, elementType: 'float32' as const, dims: null }))
  return openOrtSession({ ...model, outputs })
}

/** exportOnnx.ts names a node's output so, and what goes into its fused ReLU `_sum`. */
function outputName(graph: Graph, index: number): string {
  return `${graph.nodes[index].name}_out`
}

function sumNames(graph: Graph, sums: readonly number[]): string[] {
  return sums.map((index) => {
    const node = graph.nodes[index]
    return hasActivation(node) ? `${node.name}_sum` : outputName(graph, index)
  })
}

async function runProbe(
  session: ort.InferenceSession,
  { graph, wanted }: FloatProbe,
  input: Float32Array,
  items: number
): Promise<ProbedFloats> {
  const size = sizeOf(graph.inputShape)
  let planes = input
  if (graph.inputShape.length === 3) {
    planes = new Float32Array(input.length)
    for (let from = 0; from < input.length; from += size)
      toChannelsFirst(
        input.subarray(from, from + size),
        toHwc(graph.inputShape),
        planes.subarray(from, from + size)
      )
  }
  const results = await session.run({
    [session.inputNames[0]]: realTensor(planes, [items, ...graph.inputShape])
  })
  const valuesOf = (name: string): FloatValues => ({
    values: tensorReals(results[name]),
    channelsFirst: true
  })
  return {
    outputs: wanted.outputs.map((index) => valuesOf(outputName(graph, index))),
    sums: sumNames(graph, wanted.sums).map(valuesOf)
  }
}
