import { describe, expect, it } from 'vitest'
import {
  twoStageByTraining,
  twoStageConfigurations,
  twoStageEstimator
} from '@core/proxy/estimators/twoStage'
import { metricsOf } from '@core/regression/metrics'
import { publishedSetOf, publishedDataSets } from '@core/proxy/report/publishedSets'
import { measurePublishedRow } from '@core/proxy/report/publishedTable'
import { takeSamples } from '@core/proxy/samples'
import { publishedFigures } from '@main/proxy/publishedFigures'
import { figureSvg } from '@main/figures/renderFigure'
import { syntheticConv } from '../../../../unit/core/proxy/syntheticSamples'

const samples = syntheticConv({ shapes: 5, bits: [8, 4] })

describe('the published two-stage table', () => {
  it('has the six data sets of the document with its errors', () => {
    expect(publishedDataSets.map(({ file }) => file)).toEqual([
      'bitfusion_matmul_zoo.csv',
      'bitfusion_conv2d_zoo.csv',
      'mico_small_matmul_zoo.csv',
      'mico_small_conv2d_zoo.csv',
      'mico_high_matmul_zoo.csv',
      'mico_high_conv2d_zoo.csv'
    ])
    expect(publishedSetOf('MiCo high conv2d')).toMatchObject({
      publishedOneStage: 2.52,
      publishedTwoStage: 0.99
    })
    expect(() => publishedSetOf('MiCo')).toThrow(/no row "MiCo"/)
  })

  it('chooses by training error under the published rule: no other configuration fits its rows better', () => {
    const trainingErrors = twoStageConfigurations.map(
      (configuration) =>
        metricsOf(twoStageEstimator(configuration).fit(samples, { seed: 1 }).predict(samples), samples.time)
          .mape
    )
    const chosen = twoStageByTraining.fit(samples, { seed: 1 })
    expect(metricsOf(chosen.predict(samples), samples.time).mape).toBe(Math.min(...trainingErrors))
  })

  it('measures all three proxies; the rule by training has the least training error and its points say so', () => {
    const shares: number[] = []
    const row = measurePublishedRow(samples, 1, (share) => shares.push(share))
    expect(row.publishedRule.trainMape).toBeLessThanOrEqual(row.twoStage.trainMape)
    for (const errors of [row.oneStage, row.publishedRule, row.twoStage]) {
      expect(errors.unseenShapeMape).toBeGreaterThan(errors.trainMape)
      expect(errors.randomMape).toBeGreaterThan(errors.trainMape)
    }
    const mape = (of: 'fitted' | 'unseen'): number =>
      metricsOf(
        row.points.map((point) => point[of]),
        row.points.map((point) => point.measured)
      ).mape
    expect(mape('fitted')).toBeCloseTo(row.publishedRule.trainMape, 9)
    expect(mape('unseen')).toBeCloseTo(row.publishedRule.unseenShapeMape, 9)
    expect(shares.every((share, at) => at === 0 || share >= shares[at - 1]!)).toBe(true)
    expect(shares.at(-1)).toBeCloseTo(1, 6)

    const figures = publishedFigures([{ ...publishedDataSets[1]!, unit: 'cycles', ...row }])
    expect(figures.map(({ name }) => name)).toEqual(['bitfusion-conv2d', 'summary'])
    const svg = figureSvg(figures[0]!)
    for (const name of ['up to 8 bits', 'up to 4 bits']) expect(svg).toContain(name)

    // With all six data sets every group of bars has its name, in both panels.
    const all = publishedFigures(publishedDataSets.map((set) => ({ ...set, unit: 'cycles', ...row })))
    expect(all).toHaveLength(7)
    const summary = figureSvg(all[6]!)
    const times = (text: string): number => summary.split(`>${text}<`).length - 1
    expect(['matmul', 'conv2d', 'BitFusion', 'small', 'high'].map(times)).toEqual([6, 6, 4, 4, 4])
  })

  it('refuses samples of a single shape', () => {
    const first = [0, 1, 2, 3]
    expect(() => measurePublishedRow(takeSamples(samples, first), 1)).toThrow(/one layer shape/)
  })
})
