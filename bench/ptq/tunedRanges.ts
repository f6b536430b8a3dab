import { createBoundedCache } from '../../src/core/quant/quantize/boundedCache'
import { createByteCache } from '../../src/core/quant/quantize/byteCache'
import type { ActivationRanges } from '../../src/core/quant/quantize/calibration'

/** What a range is multiplied by in turn; the best one stays before the next tensor's turn. */
const factors = [0.8, 0.9, 1.1, 1.25]

/**
 * Ranges of activations learned from the loss of the whole network in place of each tensor's own squared error: tensor by tensor in
 * the order in which they are computed, the factor of least loss. Twenty fits or so for five layers.
 * @param lossOf loss of the network that is fitted with such ranges, on items that nothing is reported on
 */
export async function tunedRanges(
  ranges: ActivationRanges,
  lossOf: (ranges: ActivationRanges) => Promise<number>
): Promise<ActivationRanges> {
  const asked = new Set<string>()
  const chosen = new Map<string, number>()
  let least = await lossOf(scaled(ranges, chosen, asked))
  for (const key of [...asked].sort((a, b) => parseInt(a, 10) - parseInt(b, 10))) {
    for (const factor of factors) {
      const loss = await lossOf(scaled(ranges, new Map([...chosen, [key, factor]]), asked))
      if (loss >= least) continue
      least = loss
      chosen.set(key, factor)
    }
  }
  return scaled(ranges, chosen, asked)
}

/** Ranges with some of them multiplied, by "node:bits". What was fitted to others is not theirs. */
function scaled(
  ranges: ActivationRanges,
  by: ReadonlyMap<string, number>,
  asked: Set<string>
): ActivationRanges {
  const bytes = 32 * 2 ** 20
  return {
    ...ranges,
    layerCache: createBoundedCache(bytes),
    codesCache: createByteCache(bytes),
    momentCache: createBoundedCache(bytes),
    roundedCache: createBoundedCache(bytes),
    formatOf(node, bits) {
      const key = `${node}:${bits}`
      asked.add(key)
      const format = ranges.formatOf(node, bits)
      return { ...format, scale: format.scale * (by.get(key) ?? 1) }
    }
  }
}
