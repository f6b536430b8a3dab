import { AppError } from '../../../shared/errors'
import { badItems, type ItemRange } from '../../dataset/badItems'
import { createRandom } from '../../math/random'
import { consumersOf, isWeightedNode, sizeOf, type Graph, type GraphNode } from '../../model/graph'
import { createBoundedCache, type BoundedCache } from './boundedCache'
import { createByteCache, type ByteCache } from './byteCache'
import { bestFormat, createHistogram, type HistogramBuilder } from './activationRange'
import { probeFloats, runPlain, type FitWork, type FloatValues } from './fitEngine'
import { centredTargets, targetsByChannel, type CentredTargets } from './moments'
import { createScratch, type Scratch } from './scratch'
import { representative } from './passedCodes'
import { hwcWeights, toHwc } from '../hwcGraph'
import type { CodeFormat, IntegerLayer } from '../quantizedNetwork'
import { realsOfPixels } from '../runFloat'
import type { Bits } from '../scheme'
import type { FittedMoments } from './channelFits'
import { allSteps, type FitSteps, type ReconstructedLayer } from './reconstruct'

/**
 * What quantization knows of the network's inside: the float values of every tensor over the calibration images, and
 * what is derived from them once and used by every scheme (ranges per tensor and bits, reconstruction targets).
 */
export interface ActivationRanges {
  readonly graph: Graph
  readonly images: number
  /** All images as bytes (input code + 128), HWC, one behind the other. */
  readonly bytes: Uint8Array
  /** Weights in kernel order (hwcGraph.ts), null where a node has none. */
  readonly weights: readonly (Float32Array | null)[]
  /** Layers already quantized, by everything they depend on; see quantizeNetwork.ts. */
  readonly layerCache: BoundedCache<IntegerLayer>
  /** Their outputs over the calibration images as bytes (code + 128). */
  readonly codesCache: ByteCache
  /** Moments of a layer's inputs, by the layer and what its inputs depend on. */
  readonly momentCache: BoundedCache<FittedMoments>
  /** Codes and scales fitted to those moments, by the same and the bits of the weights. */
  readonly roundedCache: BoundedCache<ReconstructedLayer>
  /** Buffers that fitting reuses. */
  readonly scratch: Scratch
  /** A short name for a text that says what a layer depends on; other texts have others. */
  nameOf(text: string): string
  /** Steps of fitting that are done. */
  readonly steps: FitSteps
  /** Best format of a node's output at a width. */
  formatOf(node: number, bits: Bits): CodeFormat
  /** Float sums of a weighted node at its sampled rows. */
  targetOf(node: number): RowTarget
}

/** Output pixels of a layer that reconstruction looks at: `pixel` of `image`. */
interface SampledRows {
  readonly image: Int32Array
  readonly pixel: Int32Array
}

/** The same with the float sums wanted there (bias included, before ReLU). */
export interface RowTarget extends SampledRows {
  readonly targets: CentredTargets
}

/** The same while sums are collected, [rows][channels]. */
interface RowSums extends SampledRows {
  readonly sums: Float32Array
}

/**
 * Most rows a layer is reconstructed on: enough to fix its taps, few enough to take a fraction of a second; less for a depthwise
 * layer, whose channels have few taps. `moments`: most multiply-accumulates for its second moments, rows * taps².
 */
const usualLimits = { rows: 4096, depthwiseRows: 1024, moments: 4e8 }
/** The same where codes are searched, which takes a second or two for a layer. */
const searchLimits: typeof usualLimits = { rows: 16_384, depthwiseRows: 4096, moments: 1e10 }
/** Most values of a layer's sampled inputs, rows * taps: 64 MiB. */
const maxSampled = 2 ** 24
/** Bytes of float values that are held at once. */
const batchBytes = 32 * 2 ** 20
/** Bytes of finished layers (and as many of their codes), of their outputs and of moments that are kept for schemes to come. */
const layerBytes = 32 * 2 ** 20
const codesBytes = 112 * 2 ** 20
const momentBytes = 64 * 2 ** 20

/**
 * Runs all images through the float network, a batch at a time: only counts and sampled rows are kept.
 * @param pixels calibration images as bytes in HWC order, one behind the other
 * @throws AppError data.invalid when there is no whole image.
 */
export function measureActivationRanges(graph: Graph, pixels: Uint8Array): ActivationRanges {
  return runPlain(measuringRanges(graph, pixels))
}

/** The same as a piece of work for an engine. */
export function* measuringRanges(
  graph: Graph,
  pixels: Uint8Array,
  steps = allSteps
): FitWork<ActivationRanges> {
  const images = wholeImages(graph, pixels)
  const { histograms, rows } = yield* runFloats(
    graph,
    pixels,
    images,
    steps.search ? searchLimits : usualLimits
  )
  const targets = new Map(
    [...rows].map(([index, { image, pixel, sums }]) => {
      const ofSums = graph.nodes[index].op === 'depthwiseConv2d' ? targetsByChannel : centredTargets
      return [index, { image, pixel, targets: ofSums(sums, sums.length / image.length) }]
    })
  )
  const formats = new Map<string, CodeFormat>()
  return {
    graph,
    images,
    bytes: pixels,
    weights: hwcWeights(graph),
    layerCache: createBoundedCache(layerBytes),
    codesCache: createByteCache(codesBytes),
    momentCache: createBoundedCache(momentBytes),
    roundedCache: createBoundedCache(layerBytes),
    scratch: createScratch(),
    nameOf: createNames(),
    steps,
    formatOf(node, bits) {
      const key = `${node}:${bits}`
      let format = formats.get(key)
      if (format === undefined)
        formats.set(key, (format = bestFormat(histograms.get(node)!.histogram(), bits)))
      return format
    },
    targetOf(index) {
      const target = targets.get(index)
      if (target === undefined) throw new Error(`node ${graph.nodes[index].name} has no weights`)
      return target
    }
  }
}

/** Numbers for texts: written out, what a layer of a recurrence depends on would double with every step. */
export function createNames(): (text: string) => string {
  const known = new Map<string, string>()
  return (text) => {
    const name = known.get(text) ?? String(known.size)
    known.set(text, name)
    return name
  }
}

function wholeImages(graph: Graph, pixels: Uint8Array): number {
  const images = pixels.length / sizeOf(graph.inputShape)
  if (images >= 1 && Number.isInteger(images)) return images
  throw new AppError(
    'data.invalid',
    `${pixels.length} bytes of calibration images are not whole images of ${sizeOf(graph.inputShape)} bytes.`,
    'Give at least one image of the size the network reads.'
  )
}

function* runFloats(
  graph: Graph,
  pixels: Uint8Array,
  images: number,
  limits: typeof usualLimits
): FitWork<{ histograms: Map<number, HistogramBuilder>; rows: Map<number, RowSums> }> {
  const consumers = consumersOf(graph)
  const wanted = wantedFloats(graph, consumers)
  const histograms = new Map(wanted.ranges.map((index) => [index, createHistogram()]))
  const rows = new Map(wanted.sums.map((index) => [index, sampleRows(graph, index, images, limits)]))
  const imageSize = sizeOf(graph.inputShape)
  const bytesPerImage = 4 * graph.nodes.reduce((total, node) => total + sizeOf(node.outputShape), 0)
  const floors = new Map(wanted.outputs.map((index) => [index, floorOf(graph, consumers, index)]))
  const step = Math.max(1, Math.min(64, Math.floor(batchBytes / bytesPerImage)))
  const probe = { graph, wanted }
  for (let from = 0; from < images; from += step) {
    const count = Math.min(step, images - from)
    const input = realsOfPixels(graph, pixels.subarray(from * imageSize, (from + count) * imageSize))
    const found = yield* probeFloats(probe, input, count)
    const batch = { from, count }
    for (const [at, index] of wanted.outputs.entries()) {
      const { values } = found.outputs[at]
      const limits = [floors.get(index)!, Infinity] as const
      if (!histograms.get(index)!.add(values, ...limits))
        throw notFinite(graph.nodes[index], values, batch, limits)
    }
    for (const [at, index] of wanted.sums.entries()) {
      const node = graph.nodes[index]
      takeRows(found.sums[at], rows.get(index)!, node, from, count)
      const { values } = found.sums[at]
      const limits = limitsOf(node)
      if (histograms.get(index)?.add(values, ...limits) === false)
        throw notFinite(node, values, batch, limits)
    }
  }
  return { histograms, rows }
}

/** The error for a node with values that are infinite or NaN within its limits. */
function notFinite(
  { name }: GraphNode,
  values: Float32Array,
  batch: ItemRange,
  [floor, ceiling]: readonly [number, number]
): AppError {
  const isBad = (value: number): boolean => !Number.isFinite(Math.max(floor, Math.min(ceiling, value)))
  const { first, others } = badItems(values, batch, isBad)!
  return new AppError(
    'model.invalid',
    `The values of node "${name}" are infinite or not numbers (NaN) for calibration item ${first}, ${others}.`,
    'Export the network again from a training run that did not diverge, or give it inputs that it was trained for.'
  )
}

/** Ranges are read off the tensors whose values decide one; of weighted nodes off their sums, which are looked at anyway. */
function wantedFloats(
  graph: Graph,
  consumers: readonly number[][]
): { outputs: number[]; sums: number[]; ranges: number[] } {
  const ranges = [...new Set(graph.nodes.map((_, index) => representative(graph, consumers, index)))]
  const sums = [...graph.nodes.keys()].filter((index) => isWeightedNode(graph.nodes[index]))
  return { outputs: ranges.filter((index) => !isWeightedNode(graph.nodes[index])), sums, ranges }
}

/**
 * Scores of a softmax that lie this far below 0 weigh less than 1e-5 of one at 0: codes need not reach the masked ones, which
 * would leave a coarse grid for all others.
 */
const lowestScore = -12

/** From which value on a tensor's codes may saturate downwards: that of a masked score where all readers are a softmax. */
function floorOf(graph: Graph, consumers: readonly number[][], index: number): number {
  const readers = consumers[index + 1]
  const isScore =
    readers.length > 0 &&
    index !== graph.output &&
    readers.every((reader) => graph.nodes[reader].op === 'softmax')
  return isScore ? lowestScore : -Infinity
}

/** Between which values a node's fused ReLU or limits keep its sums. */
function limitsOf(node: GraphNode): [floor: number, ceiling: number] {
  if (!isWeightedNode(node)) return [-Infinity, Infinity]
  return [node.relu ? 0 : (node.floor ?? -Infinity), node.ceiling ?? Infinity]
}

/** Rows spread evenly over the images, pixels drawn by a generator seeded with the node's index. */
function sampleRows(graph: Graph, index: number, images: number, limits: typeof usualLimits): RowSums {
  const node = graph.nodes[index]
  if (!isWeightedNode(node)) throw new Error(`node ${node.name} has no weights`)
  const [outHeight, outWidth, channels] = toHwc(node.outputShape)
  const pixels = outHeight * outWidth
  const isDepthwise = node.op === 'depthwiseConv2d'
  const taps = node.weights.length / channels
  const most = Math.min(isDepthwise ? limits.depthwiseRows : limits.rows, Math.ceil(maxSampled / taps))
  const wanted = Math.min(most, Math.max(1024, Math.floor(limits.moments / (taps * taps))))
  // With more images than rows wanted, one row of every n-th image.
  const every = Math.max(1, Math.floor(images / wanted))
  const perImage = Math.min(pixels, Math.max(1, Math.floor((wanted * every) / images)))
  const random = createRandom(index + 1)
  const order = Int32Array.from({ length: pixels }, (_, at) => at)
  const image: number[] = []
  const pixel: number[] = []
  for (let at = 0; at < images; at += every) {
    random.shuffle(order)
    for (let take = 0; take < perImage; take++) {
      image.push(at)
      pixel.push(order[take])
    }
  }
  return {
    image: Int32Array.from(image),
    pixel: Int32Array.from(pixel),
    sums: new Float32Array(image.length * channels)
  }
}

/** Copies the sums at the rows that lie in a batch. */
function takeRows(
  { values, channelsFirst }: FloatValues,
  target: RowSums,
  node: GraphNode,
  from: number,
  count: number
): void {
  const [height, width, channels] = toHwc(node.outputShape)
  const pixels = height * width
  const [pixelStep, channelStep] = channelsFirst ? [1, pixels] : [channels, 1]
  for (let row = 0; row < target.image.length; row++) {
    const item = target.image[row] - from
    if (item < 0 || item >= count) continue
    const start = item * pixels * channels + target.pixel[row] * pixelStep
    for (let c = 0; c < channels; c++) target.sums[row * channels + c] = values[start + c * channelStep]
  }
}
