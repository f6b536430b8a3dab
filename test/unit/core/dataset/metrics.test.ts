import type { Task } from '@shared/vocabulary'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { areaUnderCurve, createQualityMeter, type ScoredBatch } from '@core/dataset/metrics'

/** What numpy says from the definitions; test/fixtures/datasets/make.py. */
const expected = JSON.parse(
  readFileSync(new URL('../../../fixtures/datasets/expected.json', import.meta.url), 'utf8')
) as Record<string, number[]> &
  Record<'accuracy' | 'perplexity' | 'agreement' | 'mse' | 'kl' | 'r2' | 'mae' | 'auc', number>

const real = (name: string): Float32Array => Float32Array.from(expected[name]!)

/** Two batches, so that what is added up between them is tested too. */
function qualityOf(task: Task, whole: Partial<ScoredBatch> & { outputs: Float32Array; count: number }) {
  const meter = createQualityMeter(task)
  const cut = (values: Float32Array | null | undefined, from: number, to: number) =>
    values == null
      ? null
      : values.subarray((from * values.length) / whole.count, (to * values.length) / whole.count)
  for (const [from, to] of [
    [0, 13],
    [13, whole.count]
  ] as const) {
    meter.add({
      count: to - from,
      outputs: cut(whole.outputs, from, to)!,
      targets: cut(whole.targets, from, to) ?? new Float32Array(0),
      inputs: cut(whole.inputs, from, to),
      reference: cut(whole.reference, from, to)
    })
  }
  return meter.quality()
}

describe('quality', () => {
  it('of classes is the share of right ones', () => {
    const quality = qualityOf('classification', {
      count: 40,
      outputs: real('logits'),
      targets: real('classes')
    })
    expect(quality.score).toBeCloseTo(expected.accuracy, 12)
    expect(quality.correct).toBe(Math.round(expected.accuracy * 40))
  })

  it('of tokens is perplexity', () => {
    const { metrics, score } = qualityOf('nextToken', {
      count: 40,
      outputs: real('logits'),
      targets: real('classes')
    })
    expect(metrics['perplexity']).toBeCloseTo(expected.perplexity, 5)
    expect(score).toBeCloseTo(1 / expected.perplexity, 6)
  })

  it('of numbers is R², with the errors beside it', () => {
    const { metrics, score, correct } = qualityOf('regression', {
      count: 40,
      outputs: real('given'),
      targets: real('wanted')
    })
    expect(score).toBeCloseTo(expected.r2, 6)
    expect(metrics['mae']).toBeCloseTo(expected.mae, 6)
    expect(metrics['rmse']).toBeCloseTo(Math.sqrt(metrics['mse']!), 12)
    expect(correct).toBeNull()
  })

  it('without labels is agreement with the float network', () => {
    const { metrics, score } = qualityOf('unlabelled', {
      count: 40,
      outputs: real('other'),
      reference: real('logits')
    })
    expect(score).toBeCloseTo(expected.agreement, 12)
    expect(metrics['mse']).toBeCloseTo(expected.mse, 5)
    expect(metrics['kl']).toBeCloseTo(expected.kl, 5)
    const same = qualityOf('unlabelled', { count: 40, outputs: real('logits'), reference: real('logits') })
    expect(same.metrics).toEqual({ agreement: 1, mse: 0, kl: 0 })
  })

  it('of one unlabelled output is the explained share, not an agreement that cannot fail', () => {
    const { score, metrics } = qualityOf('unlabelled', {
      count: 40,
      outputs: real('given'),
      reference: real('wanted')
    })
    expect(score).toBeCloseTo(expected.r2, 6)
    expect(metrics).not.toHaveProperty('agreement')
  })

  it('of reconstructions is the AUC of the squared error', () => {
    // Errors 0.01 (normal), 0.04 (anomaly), 0.0025 (normal), 0.0001 (anomaly): of 4 pairs 2 are in order.
    const meter = createQualityMeter('reconstruction')
    meter.add({
      count: 4,
      inputs: new Float32Array(8),
      outputs: Float32Array.of(0.1, 0.1, 0.2, 0.2, 0.05, 0.05, 0.01, 0.01),
      targets: Float32Array.of(0, 1, 0, 1),
      reference: null
    })
    expect(meter.quality().score).toBe(0.5)
    expect(meter.quality().metrics['mse']).toBeCloseTo((0.01 + 0.04 + 0.0025 + 0.0001) / 4, 8)
  })

  it('counts ties half in the AUC', () => {
    expect(areaUnderCurve(expected['scores']!, expected['anomaly']!)).toBeCloseTo(expected.auc, 12)
    expect(areaUnderCurve([1, 1, 1], [0, 1, 1])).toBe(0.5)
    expect(areaUnderCurve([1, 2], [0, 0])).toBe(0.5)
    expect(areaUnderCurve([2, 1], [0, 1])).toBe(0)
  })

  it('of nothing is refused', () => {
    expect(() => createQualityMeter('classification').quality()).toThrow(RangeError)
  })
})
