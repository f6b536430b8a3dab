import { describe, expect, it } from 'vitest'
import { estimatorNames } from '@shared/vocabulary'
import { estimatorByName } from '@core/proxy/estimators/registry'
import { modelFromJson } from '@core/proxy/estimators/models'
import { proxyFromJson, fitProxy } from '@core/proxy/fit/proxy'
import { shapeRows, takeSamples, type SampleTable } from '@core/proxy/samples'
import { sourceModel } from '@core/proxy/transfer/sourceModel'
import { decide, type AdaptiveSpec } from '@core/proxy/adaptive/adaptive'
import { syntheticConv } from '../../../unit/core/proxy/syntheticSamples'

const samples = syntheticConv({ shapes: 8, bits: [8, 4] })
const times = (factor: number): SampleTable => ({
  ...samples,
  time: samples.time.map((time) => time * factor)
})

const closed = new Set(['bopsLinear', 'cbopsLinear', 'physics', 'physicsPair', 'roofline', 'lookup'])

describe('estimators are free of scale', () => {
  it.each([...estimatorNames, 'roofline', 'physicsPair'])('%s', (name) => {
    const options = { seed: 3 }
    const fit = (of: SampleTable) => {
      const estimator = estimatorByName(name)
      return (estimator.choose?.(of, options) ?? estimator).fit(of, options)
    }
    const plain = fit(samples).predict(samples)
    for (const factor of [1e-6, 1e6]) {
      const model = fit(times(factor))
      const predicted = model.predict(samples)
      const worst = predicted.reduce(
        (max, time, row) => Math.max(max, Math.abs(time / factor / plain[row]! - 1)),
        0
      )
      // Trees break ties of equal cuts by rounding; everything else is equal to rounding.
      expect(worst, `factor ${factor}`).toBeLessThan(closed.has(name) ? 1e-9 : 0.1)
      expect(Array.from(modelFromJson(model.toJSON()).predict(samples))).toEqual(Array.from(predicted))
    }
  })

  it('a proxy of milliseconds keeps its unit and predicts inside its interval', () => {
    const inMs: SampleTable = { ...times(1e-5), unit: 'ms' }
    const proxy = proxyFromJson(fitProxy(inMs, { kernel: 'conv2d', estimator: 'physics', seed: 1 }).toJSON())
    expect(proxy.unit).toBe('ms')
    expect(proxy.trainMape).toBeCloseTo(
      fitProxy(samples, { kernel: 'conv2d', estimator: 'physics', seed: 1 }).trainMape,
      6
    )
    const predicted = proxy.predict(inMs)
    const { low, high } = proxy.interval(inMs, 0.9)
    predicted.forEach((time, row) => {
      expect(time).toBeGreaterThanOrEqual(low[row]!)
      expect(time).toBeLessThanOrEqual(high[row]!)
    })
  })

  it.each(['bopsLinear', 'cbopsLinear'])('%s keeps times far below the mean', (name) => {
    // Microseconds over nine decades: a geometric mean like that of cycles, and the shortest below one.
    const layers = [1, 8, 64, 128, 256, 512, 1024].flatMap((size) =>
      [4, 8].map((bits) => ({ dims: [size, size, 16 * size], activationBits: bits, weightBits: bits }))
    )
    const rows = shapeRows('matmul', layers)
    const times = layers.map(({ dims: [n, m, k], activationBits: bits }) =>
      name === 'bopsLinear' ? 2e-7 * n! * m! * k! * bits * bits * 500 : 1e-4 * n! * m! * k! * bits
    )
    expect(Math.min(...times)).toBeLessThan(0.1)
    expect(times.reduce((sum, time) => sum + Math.log2(time), 0) / times.length).toBeGreaterThan(10)
    const table: SampleTable = { ...rows, unit: 'us', time: Float64Array.from(times) }
    const predicted = estimatorByName(name).fit(table, { seed: 1 }).predict(rows)
    predicted.forEach((time, row) => expect(time / times[row]!).toBeCloseTo(1, 6))
  })

  it('what a source device says of layers that it did not measure', () => {
    const measured = Array.from({ length: samples.count }, (_, row) => row).filter((row) => row % 3 > 0)
    const of = (factor: number): Float64Array =>
      sourceModel(takeSamples(times(factor), measured), 1).predict(samples)
    const plain = of(1)
    of(1e-6).forEach((time, row) => expect(Math.abs(time / 1e-6 / plain[row]! - 1)).toBeLessThan(0.1))
  })

  it('the error of an adaptive run and what it measures next', () => {
    const rows = Int32Array.from({ length: 16 }, (_, row) => 2 * row)
    const of = (factor: number): ReturnType<typeof decide> => {
      const plan: AdaptiveSpec = {
        ...{ pool: samples, seconds: new Float64Array(samples.count).fill(1), seed: 1, unit: 'ms' },
        ...{ firstRows: 8, batchRows: 4, choose: 'uncertain', judge: null }
      }
      return decide(plan, { rows, time: Float64Array.from(rows, (row) => times(factor).time[row]!) })
    }
    const plain = of(1)
    expect(of(2 ** -20)).toEqual(plain)
    expect(plain.unseenShapeMape).toBeLessThan(30)
  })
})
