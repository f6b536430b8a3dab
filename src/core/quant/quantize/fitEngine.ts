import { sizeOf, type Graph } from '../../model/graph'
import { elementCount, type IntegerLayer } from '../quantizedNetwork'
import { hwcWeights } from '../hwcGraph'
import { createFloatRunner } from '../runFloat'
import { codesOfPixels, createLayerStep } from '../integer/runInteger'
import { channelSumsPlain, type ChannelSums, type ChannelSumsRequest } from './channelSums'

/**
 * The batched arithmetic of fitting. Fitting is a generator that yields what it wants computed: run with plain loops it is
 * synchronous and exact (runPlain), a host may run it on a faster engine (FitEngine). Engines may differ in the last bits
 * of float32; codes they compute differ only where a sum falls within a rounding of a code boundary.
 */
export type FitWork<T> = Generator<ArithmeticRequest, T, FitResult>

/** A piece of arithmetic that may run in onnxruntime. */
export type ArithmeticRequest =
  | LayersRequest
  /** leftᵀ · right of two row-major matrices with `rows` rows, [left width][right width]. */
  | {
      readonly kind: 'product'
      readonly left: Float32Array
      readonly right: Float32Array
      readonly rows: number
    }
  | ChannelSumsRequest
  /** Inner values of the float network for a batch; `input`: real values of the items, HWC. */
  | {
      readonly kind: 'floats'
      readonly probe: FloatProbe
      readonly input: Float32Array
      readonly items: number
    }

/** Output bytes (code + 128) of layers that read each other; every input holds its items one behind the other. */
export interface LayersRequest {
  readonly kind: 'layers'
  readonly layers: readonly IntegerLayer[]
  /** What each layer reads: a layer before it, by position, or -1 - n for the n-th input. */
  readonly sources: readonly (readonly number[])[]
  readonly inputs: readonly Uint8Array[]
  /** Positions of the layers whose outputs are returned. */
  readonly wanted: readonly number[]
  readonly items: number
  /** Memory for an output, of undefined content. */
  take(length: number): Uint8Array<ArrayBuffer>
}

/** What a piece of fitting arithmetic returns. */
export type FitResult = readonly Uint8Array[] | Float32Array | ChannelSums | ProbedFloats

/** Carries out requests; `end` frees what it keeps between them. */
export interface FitEngine {
  carryOut(request: ArithmeticRequest): Promise<FitResult>
  end(): Promise<void>
}

/** A float network with the values of it that are wanted. */
export interface FloatProbe {
  readonly graph: Graph
  readonly wanted: WantedFloats
}

/** Which values of the float network are wanted, by node index. */
export interface WantedFloats {
  /** Outputs as readers see them. */
  readonly outputs: readonly number[]
  /** Sums of weighted nodes, before ReLU. */
  readonly sums: readonly number[]
}

/** Values of a batch, item by item. */
export interface FloatValues {
  readonly values: Float32Array
  /** Whether an image lies channel by channel (as in ONNX) or pixel by pixel (as in memory, storage.ts). */
  readonly channelsFirst: boolean
}

/** Values of a float network: outputs of nodes, and sums before their ReLU. */
export interface ProbedFloats {
  readonly outputs: readonly FloatValues[]
  readonly sums: readonly FloatValues[]
}

/** Asks the engine for output bytes of layers, in the order of `wanted`. */
export function* runLayers(request: Omit<LayersRequest, 'kind'>): FitWork<readonly Uint8Array[]> {
  return (yield { kind: 'layers', ...request }) as readonly Uint8Array[]
}

/** Asks the engine for leftᵀ · right; both have `rows` rows. */
export function* product(left: Float32Array, right: Float32Array, rows: number): FitWork<Float32Array> {
  return (yield { kind: 'product', left, right, rows }) as Float32Array
}

/** Asks the engine for sums of every channel's input bytes. */
export function* channelSums(request: Omit<ChannelSumsRequest, 'kind'>): FitWork<ChannelSums> {
  return (yield { kind: 'channelSums', ...request }) as ChannelSums
}

/** Asks the engine for values of a float network for `items` items. */
export function* probeFloats(probe: FloatProbe, input: Float32Array, items: number): FitWork<ProbedFloats> {
  return (yield { kind: 'floats', probe, input, items }) as ProbedFloats
}

/** Carries out a piece of fitting with plain loops. */
export function runPlain<T>(work: FitWork<T>): T {
  const probes = new Map<FloatProbe, ReturnType<typeof plainProbe>>()
  let step = work.next()
  while (step.done !== true) {
    const request = step.value
    switch (request.kind) {
      case 'layers':
        step = work.next(runEachLayer(request, runLayerBytes))
        break
      case 'product':
        step = work.next(productPlain(request.left, request.right, request.rows))
        break
      case 'channelSums':
        step = work.next(channelSumsPlain(request))
        break
      case 'floats': {
        let probe = probes.get(request.probe)
        if (probe === undefined) probes.set(request.probe, (probe = plainProbe(request.probe)))
        step = work.next(probe(request.input, request.items))
      }
    }
  }
  return step.value
}

/** Carries out a piece of fitting on an engine; `pause` is awaited before every request and may throw to stop. */
export async function runFit<T>(
  work: FitWork<T>,
  engine: FitEngine,
  pause: () => Promise<void> = async () => undefined
): Promise<T> {
  try {
    let step = work.next()
    while (step.done !== true) {
      await pause()
      step = work.next(await engine.carryOut(step.value))
    }
    return step.value
  } finally {
    // Where it stops in the middle: lets the work give back what it holds.
    work.return(undefined as never)
    await engine.end()
  }
}

/** A LayersRequest layer by layer; `run` gives the output bytes of one. */
export function runEachLayer(
  { layers, sources, inputs, wanted, items }: LayersRequest,
  run: typeof runLayerBytes
): Uint8Array[] {
  const outputs: Uint8Array[] = []
  for (const [at, layer] of layers.entries()) {
    const read = sources[at].map((from) => (from < 0 ? inputs[-1 - from] : outputs[from]))
    outputs.push(run(layer, read, items))
  }
  return wanted.map((at) => outputs[at])
}

/** runLayerPlain from bytes to bytes, which are codes + 128. */
export function runLayerBytes(
  layer: IntegerLayer,
  inputs: readonly Uint8Array[],
  items: number
): Uint8Array<ArrayBuffer> {
  return bytesOfCodes(runLayerPlain(layer, inputs.map(codesOfPixels), items))
}

/** Code + 128 of every code, written over the codes; these must be all of their buffer. */
function bytesOfCodes(codes: Int8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(codes.buffer)
  const words = new Uint32Array(bytes.buffer, 0, bytes.length >> 2)
  for (let at = 0; at < words.length; at++) words[at] = words[at] ^ 0x80808080
  for (let at = words.length * 4; at < bytes.length; at++) bytes[at] = bytes[at] ^ 0x80
  return bytes
}

/** One layer over many items with the reference's own loops. */
export function runLayerPlain(
  layer: IntegerLayer,
  inputs: readonly Int8Array[],
  items: number
): Int8Array<ArrayBuffer> {
  const step = createLayerStep(layer)
  const size = elementCount(layer.outputShape)
  const out = new Int8Array(items * size)
  for (let item = 0; item < items; item++) {
    const own = inputs.map((codes) =>
      codes.subarray((codes.length / items) * item, (codes.length / items) * (item + 1))
    )
    step(own, out.subarray(item * size, (item + 1) * size))
  }
  return out
}

function productPlain(left: Float32Array, right: Float32Array, rows: number): Float32Array {
  const [height, width] = [left.length / rows, right.length / rows]
  const sums = new Float64Array(height * width)
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < height; i++) {
      const value = left[row * height + i]
      if (value === 0) continue
      for (let j = 0; j < width; j++)
        sums[i * width + j] = sums[i * width + j] + value * right[row * width + j]
    }
  }
  return Float32Array.from(sums)
}

function plainProbe({
  graph,
  wanted: { outputs, sums }
}: FloatProbe): (input: Float32Array, items: number) => ProbedFloats {
  const before = new Map<number, Float32Array>()
  const runner = createFloatRunner(graph, hwcWeights(graph), (index, values) => {
    if (sums.includes(index)) before.set(index, values.slice())
  })
  const made = (nodes: readonly number[], items: number): FloatValues[] =>
    nodes.map((index) => ({
      values: new Float32Array(items * sizeOf(graph.nodes[index].outputShape)),
      channelsFirst: false
    }))
  return (input, items) => {
    const found = { outputs: made(outputs, items), sums: made(sums, items) }
    const size = input.length / items
    for (let item = 0; item < items; item++) {
      const values = runner.run(input.subarray(item * size, (item + 1) * size))
      const put = (to: FloatValues, from: Float32Array): void => to.values.set(from, item * from.length)
      for (const [at, index] of outputs.entries()) put(found.outputs[at], values[index])
      for (const [at, index] of sums.entries()) put(found.sums[at], before.get(index)!)
    }
    return found
  }
}
