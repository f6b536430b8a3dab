import { describe, expect, it } from 'vitest'
import { calibrateNetwork, predictNetwork } from '@core/proxy/fit/network'
import { fitProxy } from '@core/proxy/fit/proxy'
import { takeSamples, takeShapes } from '@core/proxy/samples'
import { metricsOf } from '@core/regression/metrics'
import { transferProxy } from '@core/proxy/transfer/choose'
import { transferCurve } from '@core/proxy/transfer/curve'
import { informativeDesign, uniformDesign } from '@core/proxy/transfer/design'
import { fitTransfer, transferMethods } from '@core/proxy/transfer/methods'
import { sourceModel } from '@core/proxy/transfer/sourceModel'
import { syntheticConv } from '../../../../unit/core/proxy/syntheticSamples'

const source = syntheticConv({ shapes: 14 })
const target = syntheticConv({ shapes: 14, factor: 1.7 })

describe('transfer', () => {
  it.each(transferMethods)('%s predicts the target from source and 20 rows', (method) => {
    const picked = uniformDesign(target, 20, 1)
    const train = takeSamples(target, picked)
    const model = fitTransfer(method, train, takeSamples(source, picked).time, 1)
    const mape = metricsOf(model(target, source.time), target.time).mape
    expect(mape).toBeLessThan(['scratch', 'cascade', 'residual'].includes(method) ? 200 : 6)
  })

  it('finds one factor with five rows, and predicts layers the source has not measured', () => {
    const proxy = transferProxy(sourceModel(source, 1), takeSamples(target, uniformDesign(target, 5, 2)), 1)
    expect(proxy.method).toBe('logOffset')
    const fresh = syntheticConv({ shapes: 10, seed: 50, factor: 1.7 })
    expect(metricsOf(proxy.predict(fresh), fresh.time).mape).toBeLessThan(10)
  })

  it('draws curves with seen and unseen shapes apart, and refuses devices without common layers', () => {
    const points = transferCurve(source, target, {
      sizes: [5, 10],
      seeds: 2,
      methods: ['logOffset', 'auto'],
      designs: ['uniform', 'design']
    })
    expect(points.map((point) => point.method)).toContain('auto+design')
    expect(points.every((point) => point.seenMape < 10 && point.unseenMape !== null)).toBe(true)
    expect(() =>
      transferCurve(syntheticConv({ seed: 8, shapes: 3 }), target, { sizes: [5], seeds: 1 })
    ).toThrow('share')
  })

  it('goes from cycles to the ms of another device, and never to energy', () => {
    const limits = { sizes: [5], seeds: 1, methods: ['logOffset'] as const }
    expect(transferCurve(source, { ...target, unit: 'ms' }, limits)).toHaveLength(1)
    expect(() => transferCurve(source, { ...target, unit: 'nJ' }, limits)).toThrow(
      'The source is in cycles, the target in nJ'
    )
  })
})

describe('designs', () => {
  it('take distinct rows, spread over more shapes and pairs than chance, same seed same rows', () => {
    const design = informativeDesign(source, 12, 1)
    expect(new Set(design).size).toBe(12)
    expect(informativeDesign(source, 12, 1)).toEqual(design)
    const shapes = (rows: Int32Array) => {
      const taken = takeShapes(source, rows)
      return new Set(
        Array.from({ length: taken.count }, (_, row) => taken.dims.map((column) => column[row]).join())
      ).size
    }
    const chance = [1, 2, 3, 4, 5].map((seed) => shapes(uniformDesign(source, 12, seed)))
    expect(shapes(design)).toBeGreaterThanOrEqual(chance.reduce((a, b) => a + b) / 5)
  })
})

describe('whole networks', () => {
  const proxy = fitProxy(source, { kernel: 'conv2d', estimator: 'physics', seed: 1 })
  const layers = [0, 40, 90].map((row) => ({
    name: `conv${row}`,
    kernel: 'conv2d' as const,
    dims: source.dims.map((column) => column[row]!),
    activationBits: source.activationBits[row]!,
    weightBits: source.weightBits[row]!
  }))

  it('sum their layers, measured operators and overhead', () => {
    const proxies = new Map([['conv2d' as const, proxy]])
    const predicted = predictNetwork(
      [...layers, { ...layers[0]!, name: 'pool', kernel: 'maxPool' as const }],
      {
        proxies,
        measured: new Map([['pool', 500]]),
        overhead: 70
      }
    )
    const sum = proxy.predict(takeSamples(source, [0, 40, 90])).reduce((a, b) => a + b)
    expect(predicted.total).toBeCloseTo(sum + 570, 6)
    expect(predicted.layers.at(-1)).toEqual({ name: 'pool', time: 500, from: 'measured' })
  })

  it('name the layer no proxy covers', () => {
    expect(() => predictNetwork(layers, { proxies: new Map() })).toThrow('conv0')
  })

  it('two points calibrate a line, or a factor when they do not differ', () => {
    const line = calibrateNetwork({ predicted: 100, measured: 130 }, { predicted: 300, measured: 350 })
    expect(line.factor).toBeCloseTo(1.1, 12)
    expect(line.constant).toBeCloseTo(20, 9)
    const flat = calibrateNetwork({ predicted: 100, measured: 120 }, { predicted: 100, measured: 120 })
    expect(flat.factor).toBeCloseTo(1.2, 12)
    expect(flat.constant).toBe(0)
  })
})
