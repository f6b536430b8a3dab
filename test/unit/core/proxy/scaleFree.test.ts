import { describe, expect, it } from 'vitest'
import { estimatorNames } from '@shared/vocabulary'
import { estimatorByName } from '@core/proxy/estimators/registry'
import { modelFromJson } from '@core/proxy/estimators/models'
import { proxyFromJson, fitProxy } from '@core/proxy/fit/proxy'
import type { SampleTable } from '@core/proxy/samples'
import { syntheticConv } from './syntheticSamples'

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
})
