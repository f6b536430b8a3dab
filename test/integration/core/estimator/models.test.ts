import { describe, expect, it } from 'vitest'
import { latencyErrors } from '@core/estimator/fit/errors'
import {
  decodeAtPosition,
  estimatorFromJson,
  estimatorToJson,
  predictConfigurations,
  predictTable,
  type EstimatorJson
} from '@core/estimator/fit/estimator'
import { dropOutliers } from '@core/estimator/fit/outliers'
import { fitPositionEffect, positionFactor } from '@core/estimator/fit/position'
import { evaluateEstimator } from '@core/estimator/fit/report'
import { configurationNames, splitByConfiguration } from '@core/estimator/fit/split'
import { trainEstimator } from '@core/estimator/fit/train'
import { stageModelNames } from '@shared/vocabulary'
import { createDenseNet, createPasses } from '@core/estimator/network/denseNet'
import { positionNodes } from '@core/estimator/network/jointNet'
import { stageTable, takeRows, type StageTable } from '@core/estimator/samples/stageTable'
import { simulateSamples, trueStages, type SimulationOptions } from '@core/estimator/simulate'
import { createRandom } from '@core/math/random'

const simulated = (options: Partial<SimulationOptions> = {}): StageTable =>
  stageTable(
    simulateSamples({
      count: 600,
      seed: 1,
      prefillNoise: 0.025,
      decodeNoise: 0.06,
      positionSlope: 0,
      recordPositions: false,
      ...options
    })
  )

describe('training on simulated samples', () => {
  const table = simulated()

  it.each(stageModelNames)(
    '%s reaches the thresholds of the document on held-out configurations',
    (model) => {
      const epochs = 120
      const { estimator, split } = trainEstimator(table, { model, seed: 3407, validationShare: 0.25, epochs })
      const results = evaluateEstimator(estimator, takeRows(table, split.validation))
      const { prefill, decode } = results.stages
      // A straight line cannot follow tokens x blocks x experts: the document's thresholds are for the others.
      if (model !== 'linear') expect(prefill?.relative).toBeLessThan(5)
      expect(prefill?.r2).toBeGreaterThan(0.9)
      expect(decode?.relative).toBeLessThan(15)
      expect(decode?.r2).toBeGreaterThan(0.7)
      expect(results.perConfiguration.reduce((sum, one) => sum + one.samples, 0)).toBe(
        split.validation.length
      )
    }
  )

  it('the default is close to the truth that the noise hides', () => {
    const { estimator } = trainEstimator(table, { model: 'physical', seed: 1, validationShare: 0.25 })
    const knobs = { visionTokens: 576, promptTokens: 64, moeTopK: 8, activeBlocks: 12, tier: 'medium' }
    const [prediction] = predictConfigurations(estimator, [{ knobs, outputTokens: 64 }])
    const truth = trueStages(knobs)
    expect(Math.abs((prediction?.stagesMs['prefill'] ?? 0) / truth.prefill - 1)).toBeLessThan(0.03)
    expect(Math.abs((prediction?.decodePerTokenMs ?? 0) / truth.token - 1)).toBeLessThan(0.05)
    expect(prediction?.warnings).toEqual([])
  })

  it('intervals cover other configurations about as often as they say', () => {
    const { coverage } = trainEstimator(table, { model: 'physical', seed: 2, validationShare: 0.3 })
    expect(coverage).toBeGreaterThan(0.82)
    expect(coverage).toBeLessThan(0.97)
  })

  it('outside the measured range the interval is wider and says why', () => {
    const { estimator } = trainEstimator(table, { model: 'physical', seed: 1, validationShare: 0.25 })
    const knobs = { visionTokens: 576, promptTokens: 64, moeTopK: 8, activeBlocks: 12, tier: 'medium' }
    const [inside, beyond, unknown] = predictConfigurations(estimator, [
      { knobs, outputTokens: 64 },
      { knobs: { ...knobs, activeBlocks: 32 }, outputTokens: 64 },
      { knobs: { ...knobs, tier: 'ultra' }, outputTokens: 64 }
    ])
    const width = (one: typeof inside): number => Math.log((one?.highMs ?? NaN) / (one?.lowMs ?? NaN))
    expect(width(beyond)).toBeGreaterThan(2 * width(inside))
    expect(beyond?.warnings[0]).toMatch(/activeBlocks = 32 \(measured: 8 to 16\)/)
    expect(unknown?.warnings[0]).toMatch(/tier = ultra \(measured: high, low, medium\)/)
  })

  it('per-stage models beat one model of the total in the shares of stages', () => {
    const errorOf = (structure: 'perStage' | 'total'): number => {
      const { estimator, split } = trainEstimator(table, {
        model: 'physical',
        seed: 1,
        validationShare: 0.25,
        structure
      })
      return evaluateEstimator(estimator, takeRows(table, split.validation)).stages['prefill']?.mape ?? NaN
    }
    expect(errorOf('perStage')).toBeLessThan(errorOf('total') / 2)
  })

  it.each(stageModelNames)('%s predicts the same after being written and read', (model) => {
    const few = takeRows(
      table,
      Array.from({ length: 60 }, (_, row) => row)
    )
    const { estimator } = trainEstimator(few, { model, seed: 1, validationShare: 0.25, epochs: 3 })
    const facts = { seed: 1, origin: 'simulated', dataHash: 'x', rows: { train: 1, validation: 1 } } as const
    const json = JSON.parse(JSON.stringify(estimatorToJson(estimator, facts))) as EstimatorJson
    expect(predictTable(estimatorFromJson(json), few)).toEqual(predictTable(estimator, few))
    expect(() => estimatorFromJson({ ...json, version: 99 })).toThrow(/version 99/)
  })

  it('too few samples and absent stages are refused by name', () => {
    const few = takeRows(table, [1, 2, 3])
    const options = { model: 'linear', seed: 1, validationShare: 0.25 } as const
    expect(() => trainEstimator(few, options)).toThrow(/3 samples are too few/)
    const times = [...table.times.slice(0, 3), table.times[3]?.map((time, row) => (row === 5 ? NaN : time))]
    expect(() => trainEstimator({ ...table, times: times as Float64Array[] }, options)).toThrow(
      /decode is missing in 1 of 600/
    )
  })
})

describe('position effect', () => {
  const slope = 0.002

  it('is found where times per token are recorded, and the positions sum to the total', () => {
    const table = simulated({ count: 200, positionSlope: slope, recordPositions: true })
    const { estimator } = trainEstimator(table, { model: 'physical', seed: 1, validationShare: 0.25 })
    expect(estimator.position.slope).toBeCloseTo(slope, 4)
    const asked = {
      knobs: { visionTokens: 576, promptTokens: 64, moeTopK: 8, activeBlocks: 12, tier: 'low' }
    }
    const configuration = { ...asked, outputTokens: 40 }
    const positions = Array.from({ length: 40 }, (_, at) =>
      decodeAtPosition(estimator, configuration, at + 1)
    )
    const [prediction] = predictConfigurations(estimator, [configuration])
    expect(positions.reduce((sum, time) => sum + time, 0)).toBeCloseTo(prediction?.stagesMs['decode'] ?? 0, 6)
    expect((positions[39] ?? 0) / (positions[0] ?? 1)).toBeGreaterThan(1.05)
    expect(() => decodeAtPosition(estimator, configuration, 41)).toThrow(/no output token 41 of 40/)
  })

  it('is not invented where there is none', () => {
    const effect = fitPositionEffect(simulated({ count: 200, recordPositions: true }))
    expect(effect).toMatchObject({ identifiable: true, slope: 0 })
    expect(effect.low).toBeLessThan(0)
    expect(effect.high).toBeGreaterThan(0)
  })

  it('is called not identifiable from sums, whatever the truth', () => {
    for (const positionSlope of [0, slope]) {
      expect(fitPositionEffect(simulated({ positionSlope }))).toMatchObject({ identifiable: false, slope: 0 })
    }
  })

  it('the network learns it too where it is recorded, and keeps its input at 0 where not', () => {
    const train = (recordPositions: boolean) =>
      trainEstimator(simulated({ count: 150, positionSlope: 0.005, recordPositions }), {
        model: 'mlp',
        seed: 3407,
        validationShare: 0.25,
        epochs: 40,
        batchSize: 16,
        rate: 3e-3
      }).estimator
    const asked = {
      knobs: { visionTokens: 576, promptTokens: 64, moeTopK: 8, activeBlocks: 12, tier: 'low' },
      outputTokens: 100
    }
    const ratio = (recorded: boolean): number => {
      const estimator = train(recorded)
      return decodeAtPosition(estimator, asked, 95) / decodeAtPosition(estimator, asked, 5)
    }
    expect(ratio(true)).toBeGreaterThan(1.2)
    expect(ratio(false)).toBeCloseTo(1, 9)
  })

  it('factors sum to the tokens and quadrature sums polynomials up to its degree', () => {
    const effect = { identifiable: true, rows: 9, slope: 0.01, fittedSlope: 0.01, low: 0, high: 1 }
    let sum = 0
    for (let p = 1; p <= 17; p++) sum += positionFactor(effect, p, 17)
    expect(sum).toBeCloseTo(17, 9)
    const nodes = positionNodes(100)
    expect(nodes.reduce((total, { weight }) => total + weight, 0)).toBeCloseTo(100, 9)
    expect(nodes.reduce((total, { position, weight }) => total + weight * position, 0)).toBeCloseTo(5050, 6)
  })
})

describe('outliers and splits', () => {
  it('drops and counts by the threshold and by the configuration', () => {
    const samples = simulateSamples({
      count: 60,
      seed: 3,
      prefillNoise: 0,
      decodeNoise: 0.02,
      positionSlope: 0,
      recordPositions: false
    }).map((sample) => ({ ...sample, knobs: { ...sample.knobs, tier: 'low', moeTopK: 4, activeBlocks: 8 } }))
    const even = samples.map((sample) => ({
      ...sample,
      stages: { ...sample.stages, decode: 3 * sample.outputTokens! * (1 + 0.01 * (sample.outputTokens! % 3)) }
    }))
    const odd = even.map((sample, at) =>
      at === 7 || at === 9
        ? { ...sample, stages: { ...sample.stages, decode: sample.stages['decode']! * (at === 7 ? 5 : 30) } }
        : sample
    )
    const report = dropOutliers(stageTable(odd), { maxDecodePerTokenMs: 60, robust: true })
    expect([report.byThreshold, report.byConfiguration, report.kept.count]).toEqual([1, 1, 58])
    const kept = dropOutliers(stageTable(odd), { maxDecodePerTokenMs: null, robust: false })
    expect(kept.kept.count).toBe(60)
  })

  it('holds out whole configurations', () => {
    const table = simulated({ count: 500 })
    const { train, validation } = splitByConfiguration(table, 0.25, 1)
    const names = configurationNames(table)
    const trained = new Set(Array.from(train, (row) => names[row]))
    expect(Array.from(validation).some((row) => trained.has(names[row]))).toBe(false)
    expect(train.length + validation.length).toBe(500)
    expect(names[0]).toMatch(/^(low|medium|high)_\d+_\d+$/)
  })

  it('errors are those computed by hand', () => {
    const errors = latencyErrors(Float64Array.of(1, 2, 6), Float64Array.of(2, 2, 4))
    expect(errors).toMatchObject({ count: 3, maeMs: 1, rmseMs: expect.closeTo(Math.sqrt(5 / 3), 9) })
    expect(errors.mape).toBeCloseTo((50 + 0 + 50) / 3, 9)
    expect(errors.relative).toBeCloseTo((100 * 1) / (8 / 3), 9)
    expect(errors.r2).toBeCloseTo(1 - 5 / (8 / 3), 9)
  })
})

describe('network', () => {
  it('has the gradient that finite differences give', () => {
    const random = createRandom(5)
    const net = createDenseNet([3, 4, 4, 2], random)
    const input = Float64Array.from({ length: 6 }, () => random.normal())
    const loss = (): number => {
      const output = createPasses(net, 2).forward(input, 2)
      return output.slice(0, 4).reduce((sum, value, at) => sum + value * value * (at + 1), 0)
    }
    const passes = createPasses(net, 2)
    const output = passes.forward(input, 2)
    const gradient = new Float64Array(net.weights.length)
    passes.backward(
      input,
      2,
      output.slice(0, 4).map((value, at) => 2 * value * (at + 1)),
      gradient
    )
    for (let at = 0; at < gradient.length; at += 3) {
      const kept = net.weights[at] ?? 0
      net.weights[at] = kept + 1e-5
      const above = loss()
      net.weights[at] = kept - 1e-5
      const below = loss()
      net.weights[at] = kept
      expect(gradient[at]).toBeCloseTo((above - below) / 2e-5, 5)
    }
  })
})

describe('knobs with one value in training', () => {
  it('are that value where they are left out, and the prediction says so', () => {
    const samples = simulateSamples({
      ...{ count: 200, seed: 3, prefillNoise: 0, decodeNoise: 0, positionSlope: 0, recordPositions: false }
    }).map((sample) => ({ ...sample, knobs: { ...sample.knobs, batch: 4, precision: 'fp16' } }))
    const { estimator } = trainEstimator(stageTable(samples), {
      ...{ model: 'physical', seed: 1, validationShare: 0.25 }
    })
    const knobs = { visionTokens: 576, promptTokens: 64, moeTopK: 8, activeBlocks: 12, tier: 'medium' }
    const [without, given] = predictConfigurations(estimator, [
      { knobs, outputTokens: 64 },
      { knobs: { ...knobs, batch: 4, precision: 'fp16' }, outputTokens: 64 }
    ])
    expect(without!.stagesMs).toEqual(given!.stagesMs)
    expect([without!.lowMs, without!.highMs]).toEqual([given!.lowMs, given!.highMs])
    expect(given!.warnings).toEqual([])
    expect(without!.warnings).toEqual([
      'Not given: batch = 4 is used, the only value in training.',
      'Not given: precision = fp16 is used, the only value in training.'
    ])
    const { tier: _tier, ...incomplete } = knobs
    expect(() => predictConfigurations(estimator, [{ knobs: incomplete, outputTokens: 64 }])).toThrow('tier')
  })
})
