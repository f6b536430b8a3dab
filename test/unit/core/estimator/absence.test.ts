import { describe, expect, it } from 'vitest'
import {
  decodeAtPosition,
  estimatorFromJson,
  estimatorToJson,
  predictConfigurations
} from '@core/estimator/fit/estimator'
import { evaluateEstimator, evaluateRows } from '@core/estimator/fit/report'
import { trainEstimator } from '@core/estimator/fit/train'
import { absentStages } from '@core/estimator/samples/absence'
import type { StageSample } from '@core/estimator/samples/stageSample'
import { stageTable } from '@core/estimator/samples/stageTable'

const tokens = Array.from({ length: 12 }, (_, at) => 64 * (at + 1))
const sample = (model: string, promptTokens: number, stages: Record<string, number>): StageSample => ({
  ...{ knobs: { model, promptTokens }, stages, outputTokens: 4 },
  ...{ dataSet: 'd', origin: 'measured' }
})
/** Prefill 2 ms + 0.01 ms a token; the second norm, which phi-2 lacks, 0.5 ms + 0.001 ms a token. */
const prefill = (count: number): number => 2 + 0.01 * count
const norm = (count: number): number => 0.5 + 0.001 * count
const samples = tokens.flatMap((count) => [
  sample('llama', count, { prefill: prefill(count), norm: norm(count) }),
  sample('phi-2', count, { prefill: prefill(count) })
])
const facts = { seed: 1, origin: 'measured', dataHash: 'h', rows: { train: 1, validation: 1 } } as const
const train = (rows: readonly StageSample[], model: 'linear' | 'mlp' = 'linear') =>
  trainEstimator(stageTable(rows), { model, seed: 3407, validationShare: 0.25, epochs: 2 })

describe('stages that some configurations do not have', () => {
  it('are found by the first knob of names that decides them', () => {
    expect(absentStages(stageTable(samples))).toEqual([{ stage: 'norm', knob: 'model', levels: ['phi-2'] }])
    expect(absentStages(stageTable(samples.filter(({ knobs }) => knobs['model'] === 'llama')))).toEqual([])
  })

  it('are refused where no name decides them', () => {
    const [first, ...rest] = samples
    const some = stageTable([{ ...first, stages: { prefill: 3 } }, ...rest])
    expect(() => absentStages(some)).toThrow(
      expect.objectContaining({
        code: 'data.invalid',
        message: expect.stringContaining('The stage norm is missing in 13 of 24 samples') as string
      })
    )
  })

  it('are predicted where they exist and left out of stages and total elsewhere, also after they were stored', () => {
    const { estimator } = train(samples)
    const json = estimatorToJson(estimator, facts)
    expect(json.version).toBe(2)
    for (const one of [
      estimator,
      estimatorFromJson(JSON.parse(JSON.stringify(json)) as ReturnType<typeof estimatorToJson>)
    ]) {
      const [llama, phi] = predictConfigurations(
        one,
        ['llama', 'phi-2'].map((model) => ({ knobs: { model, promptTokens: 300 }, outputTokens: 4 }))
      )
      expect(Object.keys(llama.stagesMs)).toEqual(['prefill', 'norm'])
      expect(llama.totalMs).toBeCloseTo(prefill(300) + norm(300), 6)
      expect(Object.keys(phi.stagesMs)).toEqual(['prefill'])
      expect(phi.totalMs).toBeCloseTo(prefill(300), 6)
    }
  })

  it('do not change the file of an estimator without any', () => {
    const all = samples.filter(({ knobs }) => knobs['model'] === 'llama')
    const json = estimatorToJson(train(all).estimator, facts)
    expect(json.version).toBe(1)
    expect(json).not.toHaveProperty('absent')
  })

  it('let a network be trained per stage, and one for all stages or a model of the total be refused', () => {
    const { estimator, history } = train(samples, 'mlp')
    expect(estimator.models.kind).toBe('perStage')
    expect(history).toEqual([])
    for (const structure of ['unified', 'total'] as const) {
      expect(() =>
        trainEstimator(stageTable(samples), { model: 'mlp', structure, seed: 1, validationShare: 0.25 })
      ).toThrow(
        expect.objectContaining({
          code: 'data.invalid',
          message: expect.stringContaining('The stage norm is missing where model is phi-2') as string
        })
      )
    }
  })

  it('have no token at a position where decode is absent', () => {
    const decoding = samples.map((one) =>
      one.knobs['model'] === 'llama' ? { ...one, stages: { ...one.stages, decode: 8 } } : one
    )
    const { estimator } = train(decoding)
    const at = (model: string) =>
      decodeAtPosition(estimator, { knobs: { model, promptTokens: 300 }, outputTokens: 4 }, 2)
    expect(at('llama')).toBeCloseTo(2, 6)
    expect(() => at('phi-2')).toThrow(expect.objectContaining({ code: 'input.invalid' }))
  })
})

describe('an evaluation', () => {
  const { estimator } = train(samples)

  it('compares stages by name, whatever their order in the file', () => {
    const turned = samples.map((one) => ({
      ...one,
      stages: Object.fromEntries(Object.entries(one.stages).reverse())
    }))
    const table = stageTable(turned)
    expect(table.stages).toEqual(['norm', 'prefill'])
    const { stages, total, perConfiguration } = evaluateEstimator(estimator, table)
    expect(stages['norm']).toMatchObject({ count: 12 })
    expect(stages['norm'].maeMs).toBeCloseTo(0, 6)
    expect(stages['prefill'].maeMs).toBeCloseTo(0, 6)
    expect(total.maeMs).toBeCloseTo(0, 6)
    expect(perConfiguration.every(({ totalMaeMs }) => totalMaeMs < 1e-6)).toBe(true)
  })

  it('counts a stage that was not measured in a row in neither total', () => {
    const [first] = samples
    const rows = evaluateRows(estimator, stageTable([first, { ...first, stages: { prefill: prefill(64) } }]))
    expect(rows.measuredTotal[1]).toBeCloseTo(prefill(64), 12)
    expect(rows.predictedTotal[1]).toBeCloseTo(prefill(64), 6)
    expect(rows.predicted[1][1]).toBeNaN()
  })

  it.each([
    [{ prefill: 3, norm: 1, head: 1 }, 'the stage head, which the estimator was not trained on'],
    [{ prefill: 3 }, 'no norm, which the estimator predicts']
  ])('refuses samples of other stages: %j', (stages, message) => {
    expect(() => evaluateRows(estimator, stageTable([sample('llama', 64, stages)]))).toThrow(
      expect.objectContaining({
        code: 'data.invalid',
        message: expect.stringContaining(message) as string,
        hint: expect.stringContaining('prefill, norm') as string
      })
    )
  })
})
