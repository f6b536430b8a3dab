import { describe, expect, it } from 'vitest'
import { estimatorByName } from '@core/proxy/estimators/registry'
import { estimatorNames } from '@shared/vocabulary'
import { modelFromJson } from '@core/proxy/estimators/models'
import { twoStageConfigurations } from '@core/proxy/estimators/twoStage'
import { metricsOf } from '@core/regression/metrics'
import { AppError } from '@shared/errors'
import { syntheticConv } from '../../../../unit/core/proxy/syntheticSamples'

const small = syntheticConv({ shapes: 8, seed: 3 })
const other = syntheticConv({ shapes: 6, seed: 99 })

describe('estimators', () => {
  it.each([
    ...estimatorNames,
    'physicsGlobal',
    'physicsPair',
    'roofline',
    'residual:cbopsLinear+boosting',
    'residual:lookup+forest'
  ])('%s fits, predicts positive times, and comes back from JSON with equal predictions', (name) => {
    const model = estimatorByName(name).fit(small, { seed: 5 })
    const predicted = model.predict(other)
    expect(predicted.every((time) => time > 0 && Number.isFinite(time))).toBe(true)
    const revived = modelFromJson(JSON.parse(JSON.stringify(model.toJSON())))
    expect(revived.predict(other)).toEqual(predicted)
    expect(metricsOf(model.predict(small), small.time).mape).toBeLessThan(name === 'bopsLinear' ? 60 : 30)
  })

  it('the same seed fits the same model', () => {
    const fit = () => JSON.stringify(estimatorByName('residual').fit(small, { seed: 5 }).toJSON())
    expect(fit()).toBe(fit())
  })

  it('the physical base carries unseen shapes where a plain forest cannot', () => {
    const mape = (name: string) =>
      metricsOf(estimatorByName(name).fit(small, { seed: 1 }).predict(other), other.time).mape
    expect(mape('physics')).toBeLessThan(5)
    expect(mape('residual')).toBeLessThan(8)
    expect(mape('forest')).toBeGreaterThan(2 * mape('residual'))
  })

  it('has all 16 two-stage configurations, each different', () => {
    expect(new Set(twoStageConfigurations.map((one) => JSON.stringify(one))).size).toBe(16)
  })

  it('names what it knows when asked for something else', () => {
    for (const name of ['magic', 'residual:physics+magic', 'residual:magic+forest']) {
      try {
        estimatorByName(name)
        expect.unreachable()
      } catch (error) {
        expect(error).toBeInstanceOf(AppError)
        expect((error as AppError).hint).toMatch(/forest/)
      }
    }
  })
})
