import { createRandom } from '../../math/random'
import type { Graph } from '../../model/graph'
import { codeRange, type CodeFormat, type QuantizedNetwork } from '../quantizedNetwork'
import type { Bits, Scheme } from '../scheme'
import { createBoundedCache } from './boundedCache'
import { createByteCache } from './byteCache'
import { createNames } from './calibration'
import { runPlain } from './fitEngine'
import { emitting } from './quantizeNetwork'
import { integerLayer, type WeightedSite } from './weightedLayer'
import type { ReconstructedLayer } from './reconstruct'

/**
 * A network in integers without any data: layers, shapes, bits and sizes are those of the network quantized under the scheme, since
 * none of them depends on ranges; weights are seeded random codes, and every tensor reaches from about -1 to 1. For what a
 * network costs, not for what it computes. Two tensors whose calibrated ranges happen to be equal to the last bit would be joined
 * without a requantization; here they have one.
 * @throws AppError scheme.invalid; model.unsupportedOperator for what integers cannot express
 */
export function standInNetwork(graph: Graph, scheme: Scheme): QuantizedNetwork {
  const sources = {
    graph,
    bytes: new Uint8Array(0),
    images: 0,
    layerCache: createBoundedCache<QuantizedNetwork['layers'][number]>(0),
    codesCache: createByteCache(0),
    nameOf: createNames(),
    formatOf: standInFormat
  }
  return runPlain(emitting(sources, scheme, (site) => integerLayer(site, standInWeights(site))))
}

/** A scale for each tensor, so that codes pass unchanged only where they do under every calibration. */
function standInFormat(node: number, bits: Bits): CodeFormat {
  return { bits, scale: (1 + node / 10_000) / 2 ** (bits - 1), zero: 0 }
}

/** Random codes whose sums are of the size of their inputs. */
function standInWeights({ node, index, bits }: WeightedSite): ReconstructedLayer {
  const { low, high } = codeRange(bits.weightBits)
  const random = createRandom(index + 1)
  const codes = Int8Array.from(node.weights, () =>
    bits.weightBits === 1 ? 2 * random.integer(2) - 1 : low + random.integer(high - low + 1)
  )
  const channels = node.bias.length
  const scale = 2 / (high * Math.sqrt(node.weights.length / channels))
  return {
    codes,
    scales: new Float64Array(channels).fill(scale),
    bias: Float64Array.from(node.bias)
  }
}
