import { AppError } from '../../../shared/errors'
import { createRandom } from '../../math/random'
import { inputShapeOf, isWeightedNode, sizeOf, type Graph, type WeightedNode } from '../../model/graph'
import { createBoundedCache, type BoundedCache } from './boundedCache'
import { bestFormat, histogramOf, type ValueHistogram } from './activationRange'
import { hwcWeights, toHwc } from '../hwcGraph'
import { gatherReals, tapPositions } from '../integer/im2col'
import type { CodeFormat, IntegerLayer } from '../quantizedNetwork'
import { createFloatRunner, multiplyReals, realsOfPixels } from '../runFloat'
import type { Bits } from '../scheme'
import { codesOfPixels } from '../integer/runInteger'

/**
 * What quantization knows of the network's inside: the float values of every tensor over the calibration images, and
 * what is derived from them once and used by every scheme (ranges per tensor and bits, reconstruction targets).
 */
export interface ActivationRanges {
  readonly graph: Graph
  readonly images: number
  /** Input codes of all images, HWC, one behind the other. */
  readonly codes: Int8Array
  /** Weights in kernel order (hwcGraph.ts), null where a node has none. */
  readonly weights: readonly (Float32Array | null)[]
  /** Layers already quantized, by everything they depend on; see quantizeNetwork.ts. */
  readonly layerCache: BoundedCache<CalibratedLayer>
  /** Numbers of the texts that say what a layer depends on. */
  readonly signatures: Map<string, string>
  /** Best format of a node's output at a width. */
  formatOf(node: number, bits: Bits): CodeFormat
  /** Float sums (with bias, before ReLU) of a weighted node at its sampled rows, [rows][channels]. */
  targetOf(node: number): RowTarget
}

/** A finished layer and its output codes over the calibration images. */
export interface CalibratedLayer {
  readonly layer: IntegerLayer
  readonly codes: Int8Array
}

/** Output pixels of a layer that reconstruction looks at: `pixel` of `image`, and the float sums wanted there. */
export interface RowTarget {
  readonly image: Int32Array
  readonly pixel: Int32Array
  readonly sums: Float32Array
}

/** Most rows a layer is reconstructed on: enough to fix its taps, few enough to take a fraction of a second. */
const maxRows = 4096
/** Most multiply-accumulates for a layer's second moments, rows * taps². */
const maxMoments = 4e8
/** Bytes of float activations kept; fewer images are used for networks that need more. */
const maxBytes = 256 * 2 ** 20
const cacheBytes = 128 * 2 ** 20

/**
 * @param pixels calibration images as bytes in HWC order, one behind the other
 * @throws AppError data.invalid when there is no whole image.
 */
export function measureActivationRanges(graph: Graph, pixels: Uint8Array): ActivationRanges {
  const imageSize = sizeOf(graph.inputShape)
  const given = pixels.length / imageSize
  if (given < 1 || !Number.isInteger(given)) {
    throw new AppError(
      'data.invalid',
      `${pixels.length} bytes of calibration images are not whole images of ${imageSize} bytes.`,
      'Give at least one image of the size the network reads.'
    )
  }
  const bytesPerImage = 4 * graph.nodes.reduce((total, node) => total + sizeOf(node.outputShape), 0)
  const images = Math.max(1, Math.min(given, Math.floor(maxBytes / bytesPerImage)))
  const used = pixels.subarray(0, images * imageSize)
  const weights = hwcWeights(graph)
  const input = realsOfPixels(graph, used)
  const outputs = runAll(graph, weights, input, images)
  const histograms = new Map<number, ValueHistogram>()
  const formats = new Map<string, CodeFormat>()
  const targets = new Map<number, RowTarget>()

  return {
    graph,
    images,
    codes: codesOfPixels(used),
    weights,
    layerCache: createBoundedCache(cacheBytes),
    signatures: new Map(),
    formatOf(node, bits) {
      const key = `${node}:${bits}`
      let format = formats.get(key)
      if (format === undefined) {
        let histogram = histograms.get(node)
        if (histogram === undefined) histograms.set(node, (histogram = histogramOf(outputs[node]!)))
        formats.set(key, (format = bestFormat(histogram, bits)))
      }
      return format
    },
    targetOf(index) {
      let target = targets.get(index)
      if (target === undefined) {
        const node = graph.nodes[index]!
        if (!isWeightedNode(node)) throw new Error(`node ${node.name} has no weights`)
        const values = node.inputs[0]! < 0 ? input : outputs[node.inputs[0]!]!
        targets.set(index, (target = sampleTarget(graph, node, weights[index]!, values, images, index)))
      }
      return target
    }
  }
}

function runAll(
  graph: Graph,
  weights: readonly (Float32Array | null)[],
  input: Float32Array,
  images: number
): Float32Array[] {
  const imageSize = sizeOf(graph.inputShape)
  const runner = createFloatRunner(graph, weights)
  const outputs = graph.nodes.map((node) => new Float32Array(images * sizeOf(node.outputShape)))
  for (let image = 0; image < images; image++) {
    const values = runner.run(input.subarray(image * imageSize, (image + 1) * imageSize))
    for (const [index, value] of values.entries()) outputs[index]!.set(value, image * value.length)
  }
  return outputs
}

/** Rows spread evenly over the images, pixels drawn by a generator seeded with the node's index. */
function sampleTarget(
  graph: Graph,
  node: WeightedNode,
  weights: Float32Array,
  values: Float32Array,
  images: number,
  index: number
): RowTarget {
  const shape = toHwc(inputShapeOf(graph, node))
  const [outHeight, outWidth, channels] = toHwc(node.outputShape)
  const pixels = outHeight * outWidth
  const inner = node.op === 'depthwiseConv2d' ? weights.length : weights.length / channels
  const taps = node.op === 'depthwiseConv2d' ? inner / channels : inner
  const wanted = Math.min(maxRows, Math.max(1024, Math.floor(maxMoments / (taps * taps))))
  const perImage = Math.min(pixels, Math.max(1, Math.floor(wanted / images)))
  const random = createRandom(index + 1)
  const rows = images * perImage
  const image = new Int32Array(rows)
  const pixel = new Int32Array(rows)
  const sums = new Float32Array(rows * channels)
  const order = Int32Array.from({ length: pixels }, (_, at) => at)
  const inputSize = shape[0] * shape[1] * shape[2]
  const columns = new Float32Array(pixels * inner)
  const positions = node.op === 'dense' ? new Int32Array(0) : tapPositions(shape, node, outHeight, outWidth)
  for (let at = 0; at < images; at++) {
    const own = values.subarray(at * inputSize, (at + 1) * inputSize)
    if (node.op === 'dense') columns.set(own)
    else gatherReals(own, positions, 0, columns)
    random.shuffle(order)
    for (let take = 0; take < perImage; take++) {
      const row = at * perImage + take
      image[row] = at
      pixel[row] = order[take]!
      const taken = columns.subarray(order[take]! * inner, (order[take]! + 1) * inner)
      const out = sums.subarray(row * channels, (row + 1) * channels)
      if (node.op === 'depthwiseConv2d') sumDepthwise(taken, weights, node.bias, out)
      else multiplyReals(taken, weights, node.bias, 1, channels, inner, out)
    }
  }
  return { image, pixel, sums }
}

function sumDepthwise(
  taps: Float32Array,
  weights: Float32Array,
  bias: Float32Array,
  out: Float32Array
): void {
  out.set(bias)
  for (let at = 0; at < taps.length; at++)
    out[at % out.length] = out[at % out.length]! + taps[at]! * weights[at]!
}
