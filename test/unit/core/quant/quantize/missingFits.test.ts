import { describe, expect, it } from 'vitest'
import { weightedLayerNames, type Graph } from '@core/model/graph'
import { measureActivationRanges, type ActivationRanges } from '@core/quant/quantize/calibration'
import { missingFits } from '@core/quant/quantize/missingFits'
import { quantizeNetwork } from '@core/quant/quantize/quantizeNetwork'
import { roundedBytes } from '@core/quant/quantize/weightedLayer'
import { uniformScheme } from '@core/quant/scheme'
import { plainNetwork, residualNetwork, someImages } from '../../../../support/smallNetworks'

/** Ranges with names that are equal everywhere, and what is put into their caches. */
function watched(graph: Graph) {
  const ranges = measureActivationRanges(graph, someImages(graph, 64))
  const fitted: string[] = []
  const moments: string[] = []
  const calibration: ActivationRanges = {
    ...ranges,
    nameOf: (text) => text,
    roundedCache: {
      get: (key) => ranges.roundedCache.get(key),
      set(key, fit, sizeBytes) {
        fitted.push(key)
        ranges.roundedCache.set(key, fit, sizeBytes)
      }
    },
    momentCache: {
      get: (key) => ranges.momentCache.get(key),
      set(key, found, sizeBytes) {
        moments.push(key)
        ranges.momentCache.set(key, found, sizeBytes)
      }
    }
  }
  return { ranges, calibration, fitted, moments }
}

describe.each([
  ['plain', plainNetwork()],
  ['residual', residualNetwork()]
] as const)('fits that a scheme of the %s network misses', (_, graph) => {
  const layers = weightedLayerNames(graph)
  const int8 = uniformScheme(layers, 8, 8)
  const mixed = uniformScheme(layers, 8, 8).map((entry, at) =>
    at === layers.length - 1 ? { ...entry, weightBits: 4 as const } : entry
  )

  it('are those that quantizing makes, in its order, and none afterwards', () => {
    const { calibration, fitted } = watched(graph)
    const missing = missingFits(calibration, int8)
    expect(missing).toHaveLength(layers.length)
    expect(fitted).toEqual([])
    quantizeNetwork(calibration, int8)
    expect(fitted).toEqual(missing)
    expect(missingFits(calibration, int8)).toEqual([])
  })

  it('are the last layer alone where only its weights are narrower', () => {
    const { calibration } = watched(graph)
    quantizeNetwork(calibration, int8)
    expect(missingFits(calibration, mixed)).toHaveLength(1)
  })

  it('leave nothing behind: the network is the same with and without a look', () => {
    const looked = watched(graph)
    missingFits(looked.calibration, mixed)
    expect(quantizeNetwork(looked.calibration, mixed)).toEqual(
      quantizeNetwork(watched(graph).calibration, mixed)
    )
  })

  it('taken from elsewhere give the same network, and no moments are computed for them', () => {
    const there = watched(graph)
    const wanted = quantizeNetwork(there.calibration, mixed)
    const here = watched(graph)
    for (const key of missingFits(here.calibration, mixed)) {
      const fit = there.ranges.roundedCache.get(key)!
      here.ranges.roundedCache.set(key, fit, roundedBytes(fit))
    }
    expect(quantizeNetwork(here.calibration, mixed)).toEqual(wanted)
    expect(here.moments).toEqual([])
    expect(there.moments.length).toBeGreaterThan(0)
  })

  it('are not asked for with a scheme of other layers', () => {
    const { calibration } = watched(graph)
    expect(() => missingFits(calibration, uniformScheme(['other'], 8, 8))).toThrow(/scheme has 1 layer/)
  })
})
