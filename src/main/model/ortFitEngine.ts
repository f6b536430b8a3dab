import * as ort from 'onnxruntime-node'
import { exportOnnx } from '../../core/model/exportOnnx'
import { int } from '../../core/model/onnx'
import { createOnnxBuilder } from '../../core/model/onnxBuilder'
import { sizeOf, type Graph } from '../../core/model/graph'
import { toChannelsFirst } from '../../core/dataset/prepare'
import {
  runLayerBytes,
  type FitEngine,
  type ArithmeticRequest,
  type FloatProbe,
  type FloatValues,
  type ProbedFloats
} from '../../core/quant/quantize/fitEngine'
import { toHwc } from '../../core/quant/hwcGraph'
import { elementCount, isLast, type IntegerLayer } from '../../core/quant/quantizedNetwork'
import { byteLayerModel, isByteLayer } from '../../core/quant/integer/byteModel'
import { channelSumsOnOrt } from './channelSumsSession'
import { exactByteWeights } from './byteWeights'
import { itemsAtOnce, openOrtSession, tensorReals, realTensor } from './ortSession'

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
      if (request.kind === 'layer') {
        const { layer, inputs, items } = request
        // A flatten moves nothing.
        if (layer.op === 'flatten') return inputs[0]
        return isByteLayer(layer) && !isLast(layer) && visitsOf(layer) * items >= least
          ? runOverBytes(layer, inputs, items)
          : runLayerBytes(layer, inputs, items)
      }
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
function visitsOf(layer: IntegerLayer): number {
  const outputs = elementCount(layer.outputShape)
  if (layer.op === 'conv2d' || layer.op === 'dense')
    return outputs * (layer.weights.length / layer.outputShape[2])
  return outputs * ('kernel' in layer ? layer.kernel[0] * layer.kernel[1] : 1)
}

async function runOverBytes(
  layer: IntegerLayer,
  inputs: readonly Uint8Array[],
  items: number
): Promise<Uint8Array> {
  const session = await openOrtSession(byteLayerModel(layer, await exactByteWeights()))
  try {
    const size = elementCount(layer.outputShape)
    const batch = itemsAtOnce(layer.inputs.length * elementCount(layer.inputShape) + size)
    const out = new Uint8Array(items * size)
    for (let from = 0; from < items; from += batch) {
      const count = Math.min(batch, items - from)
      const feeds = Object.fromEntries(
        inputs.map((all, position) => {
          const own = all.length / items
          const part = all.subarray(from * own, (from + count) * own)
          return [`bytes${position}`, new ort.Tensor('uint8', part, [count, ...layer.inputShape])]
        })
      )
      // Written in place: a batch of its own would be copied, and collected later.
      const part = out.subarray(from * size, (from + count) * size)
      await session.run(feeds, { result: new ort.Tensor('uint8', part, [count, ...layer.outputShape]) })
    }
    return out
  } finally {
    await session.release()
  }
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
    return 'relu' in node && node.relu ? `${node.name}_sum` : outputName(graph, index)
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
