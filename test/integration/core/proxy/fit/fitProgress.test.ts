import { describe, expect, it } from 'vitest'
import { countFits } from '@core/proxy/fit/fitProgress'
import { fitWithDetail } from '@core/proxy/fit/detail'
import { estimatorByName } from '@core/proxy/estimators/registry'
import { estimatorText, modelName } from '@core/proxy/report/modelName'
import { syntheticConv } from '../../../../unit/core/proxy/syntheticSamples'

const samples = syntheticConv({ shapes: 5, bits: [8, 4] })

describe('progress of fits', () => {
  it.each(['physics', 'auto'])('of a proxy by %s never falls and ends at all of it', (estimator) => {
    const told: number[] = []
    fitWithDetail(samples, {
      kernel: 'conv2d',
      estimator,
      seed: 1,
      onProgress: (done, total) => told.push(done / total)
    })
    expect(told.length).toBeGreaterThan(10)
    expect([...told].sort((a, b) => a - b)).toEqual(told)
    // Before the last word it must have come far: what was expected is what was done.
    expect(told.at(-2)).toBeGreaterThan(0.95)
    expect(told.at(-1)).toBe(1)
  })

  it('changes nothing that is fitted', () => {
    const plain = estimatorByName('physics').fit(samples, { seed: 1 })
    const counted = countFits(estimatorByName('physics'), () => undefined).estimator.fit(samples, { seed: 1 })
    expect(counted.predict(samples)).toEqual(plain.predict(samples))
  })
})

describe('what a choice came to', () => {
  it('stands behind the name of the choice', () => {
    const { proxy } = fitWithDetail(samples, { kernel: 'conv2d', estimator: 'auto', seed: 1 })
    expect(estimatorText('auto', proxy.toJSON().model)).toMatch(/^auto: .*(residual\(|physics)/)
    expect(estimatorText('physics', proxy.toJSON().model)).toBe('physics')
  })

  it('names bases, regressions and shares of a blend', () => {
    const base = { kind: 'linear', terms: 'bops', coefficients: [1, 1] } as const
    expect(
      modelName({
        kind: 'blend',
        members: [
          { weight: 0.25, model: { ...base, coefficients: [1, 1] } },
          { weight: 0.75, model: { ...base, terms: 'cbops', coefficients: [1, 1] } }
        ]
      })
    ).toBe('25 % bopsLinear + 75 % cbopsLinear')
  })
})
