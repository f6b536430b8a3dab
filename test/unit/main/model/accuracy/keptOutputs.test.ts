import { describe, expect, it } from 'vitest'
import { weightedLayerNames } from '@core/model/graph'
import { createByteCache } from '@core/quant/quantize/byteCache'
import { measureActivationRanges } from '@core/quant/quantize/calibration'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import { uniformScheme, type Scheme } from '@core/quant/scheme'
import { networkCuts } from '@main/model/accuracy/keptOutputs'
import { schemeScores } from '@main/model/accuracy/schemeAccuracy'
import { plainNetwork, residualNetwork, someImages } from '../../../../support/smallNetworks'

const count = 300
const imagesOf = (pixels: Uint8Array) => ({ count, pixels, labels: new Uint8Array(count) })

/** A cache that counts what was found in it. */
function countingCache() {
  const cache = createByteCache(2 ** 26)
  let found = 0
  return {
    cache: {
      ...cache,
      get(key: string) {
        const value = cache.get(key)
        if (value !== undefined) found++
        return value
      }
    },
    takeFound() {
      const all = found
      found = 0
      return all
    }
  }
}

describe.each([
  ['plain', plainNetwork()],
  ['residual', residualNetwork()]
] as const)('outputs that are kept of the %s network', (_, graph) => {
  const layers = weightedLayerNames(graph)
  const ranges = measureActivationRanges(graph, someImages(graph, 48))
  const images = imagesOf(someImages(graph, count, 99))
  const eight = uniformScheme(layers, 8, 8)
  const changed = (at: number): Scheme => eight.with(at, { ...eight[at]!, weightBits: 2, activationBits: 8 })

  it('give the scores of a whole run, whichever layer differs', async () => {
    const { cache, takeFound } = countingCache()
    const kept = { cache, items: 'search' }
    await schemeScores(quantizeNetwork(ranges, eight), images, kept)
    expect(takeFound()).toBe(0)
    for (const at of layers.keys()) {
      const network = quantizeNetwork(ranges, changed(at))
      const scores = await schemeScores(network, images, kept)
      expect(scores).toEqual(await schemeScores(network, images))
      // The first layer decides all others; before the last one everything is as it was.
      if (at === 0) expect(takeFound()).toBe(0)
      else if (at === layers.length - 1) expect(takeFound()).toBeGreaterThan(0)
      else takeFound()
    }
  })

  it('are those of the same items alone', async () => {
    const { cache, takeFound } = countingCache()
    const network = quantizeNetwork(ranges, eight)
    await schemeScores(network, images, { cache, items: 'search' })
    const others = imagesOf(someImages(graph, count, 7))
    const scores = await schemeScores(network, others, { cache, items: 'test' })
    expect(takeFound()).toBe(0)
    expect(scores).toEqual(await schemeScores(network, others))
  })

  it('lie where no later layer reads across', () => {
    const network = quantizeNetwork(ranges, eight)
    const cuts = networkCuts(network.layers, count)
    expect(cuts.length).toBeGreaterThan(0)
    for (const { at } of cuts)
      for (const layer of network.layers.slice(at + 1))
        for (const from of layer.inputs) expect(from).toBeGreaterThanOrEqual(at)
    // 6 MiB for one output at most.
    expect(networkCuts(network.layers, 10_000_000)).toEqual([])
  })
})
