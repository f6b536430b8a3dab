import { describe, expect, it } from 'vitest'
import { emptyEvidence, tablesOf } from '@core/workload/measure/tables'
import { closureOf } from '@core/workload/measure/closure'
import { impactRows } from '@core/workload/measure/impacts'
import { inverted, quantileFigure, scaledFigure, shareFigure } from '@core/workload/measure/figures'
import { startDoubts, startTemperature } from '@core/workload/measure/startTemperature'
import type { LayerEvent } from '@shared/contract/workload/workloadProtocol'
import type { Variant, WorkloadEvidence } from '@shared/contract/workload/workloadEvidence'
import type { MeasuredFigure } from '@shared/contract/workload/workloadRows'
import { figure, missing } from './statistics/tables'

/** Tables of a small network, worked out by hand. */
const layer = (id: string, calls: number, sameAs?: string): LayerEvent => ({
  ...{ event: 'layer', id, type: 'dense' as LayerEvent['type'], class: 'Gemm', parameters: 10, macs: 20 },
  ...{ inputShapes: [], calls, sharedWith: [] },
  ...(sameAs === undefined ? {} : { sameAs })
})
const timing = (name: string, durationMs: number, repetitions: number) => ({
  ...{ name, durationMs, repetitions, startC: null, cooledMs: 0, copies: null }
})
/** Layers a (2 calls of 10 µs), b (like a, 1 call), c (1 call of 30 µs): 60 µs; the whole takes `wholeUs`. */
function evidenceOf(wholeUs: number, more: Partial<WorkloadEvidence> = {}): WorkloadEvidence {
  return {
    ...emptyEvidence(),
    layers: [layer('a', 2), layer('b', 1, 'a'), layer('c', 1)],
    timings: [
      ...[timing('layer:a', 1, 100), timing('layer:a', 2, 200)],
      ...[timing('layer:c', 3, 100), timing('layer:c', 6, 200)],
      ...[timing('benchmark:fp32', wholeUs, 1000), timing('benchmark:fp32', 2 * wholeUs, 2000)],
      ...[timing('benchmark:fp16', wholeUs / 4, 1000), timing('benchmark:fp16', wholeUs / 2, 2000)]
    ],
    ...more
  }
}
const subject = { task: 'accuracy' as const, batch: 2 }

describe('tables of a workload run', () => {
  it('have a row per layer with its share of the sum, and the sum against the whole', () => {
    const { layers, closure } = tablesOf(evidenceOf(60), subject, 0.95)
    expect(layers.map(({ layer: id, sameAs }) => [id, sameAs])).toEqual([
      ['a', null],
      ['b', 'a'],
      ['c', null]
    ])
    expect(layers.map(({ timeUs }) => timeUs.value)).toEqual([10, 10, 30])
    expect(layers.map(({ timeShare }) => timeShare)).toEqual([20 / 60, 10 / 60, 30 / 60])
    expect(layers.map(({ energyShare, energyTotalJ }) => [energyShare, energyTotalJ.verdict])).toEqual(
      Array(3).fill([null, 'unavailable'])
    )
    expect(closure).toMatchObject({ timePercent: 100, energyPercent: null, verdict: 'VALID', reason: null })
  })

  it('doubt every layer where the sum is not the whole, and judge nothing where a layer was not timed', () => {
    const { layers, closure } = tablesOf(evidenceOf(30), subject, 0.95)
    expect(closure).toMatchObject({ timePercent: 200, verdict: 'INVALID' })
    expect(layers.map(({ timeUs }) => timeUs.verdict)).toEqual(Array(3).fill('INVALID'))
    expect(layers[0]!.timeUs.reason).toBe(closure.reason)
    const partly = evidenceOf(60)
    const some = tablesOf(
      { ...partly, timings: partly.timings.filter(({ name }) => name !== 'layer:c') },
      ...([subject, 0.95] as const)
    )
    expect(some.closure.verdict).toBe('unavailable')
    // The rows that are there share what was measured.
    expect(some.layers.map(({ layer: id, timeShare }) => [id, timeShare])).toEqual([
      ['a', 20 / 30],
      ['b', 10 / 30]
    ])
  })

  it('have a row per precision: times of single passes, speed-up, rate by batch, bytes, quality', () => {
    const { benchmark } = tablesOf(
      evidenceOf(60, {
        latencies: { 'benchmark:fp32': [[10, 20, 30], [40]] },
        weightBytes: { fp32: 400 },
        variants: [{ ...variant('baseline'), quality: figure(0.9) }]
      }),
      ...([subject, 0.95] as const)
    )
    expect(benchmark.map(({ precision }) => precision)).toEqual(['fp32', 'fp16'])
    const [plain, half] = benchmark
    // Means of two trials, 20 and 40: their interval and count are those of trials, not of the four passes.
    expect(plain!.latencyMeanUs).toMatchObject({ value: 30, n: 2 })
    expect(plain!.latencyP50Us.n).toBe(4)
    expect(plain!.latencyP50Us.value).toBe(20)
    expect(plain!.latencyP95Us.value).toBe(40)
    expect([plain!.speedup.value, half!.speedup.value]).toEqual([1, 4])
    expect(plain!.speedup).toMatchObject({ low: 1, high: 1, verdict: 'VALID' })
    // 60 µs for a batch of two.
    expect(plain!.throughputPerS.value).toBeCloseTo(2e6 / 60, 6)
    expect([plain!.weightBytes, half!.weightBytes]).toEqual([400, null])
    expect([plain!.quality.value, half!.quality.verdict]).toEqual([0.9, 'unavailable'])
    expect(half!.latencyMeanUs).toMatchObject({ value: null, n: 0 })
    expect(tablesOf(emptyEvidence(), subject, 0.95).benchmark).toEqual([])
  })
})

const variant = (name: string, klNats: MeasuredFigure = figure(0.1), change = 0): Variant => ({
  ...{ name, quality: figure(0.5), klNats, qualityChange: figure(change), perplexityRatio: null },
  ...{ mcNemar: null, changedShare: 0 }
})

describe('the impact of layers', () => {
  it('is the mean of both ranks over their number; ties share a rank, unavailable ranks last', () => {
    const rows = impactRows(
      [
        variant('mean:a', figure(0.1), -0.2),
        variant('mean:b', figure(0.3), -0.1),
        variant('mean:c:d', missing, -0.1),
        variant('zero:a', figure(0.2), 0),
        variant('baseline'),
        variant('mean:gone')
      ],
      [layer('a', 1), layer('b', 1), layer('c:d', 1)],
      'accuracy'
    )
    expect(rows.map((row) => [row.layer, row.change, row.klRank, row.qualityRank])).toEqual([
      ['a', 'mean', 1, 3],
      ['b', 'mean', 2, 1.5],
      ['c:d', 'mean', 3, 1.5],
      // One layer alone has no rank.
      ['a', 'zero', null, null]
    ])
    expect(rows.map(({ impactScore }) => impactScore)).toEqual([4 / 6, 3.5 / 6, 4.5 / 6, null])
  })
})

describe('figures', () => {
  it('in other units keep their interval the right way round', () => {
    expect(scaledFigure(figure(10, { low: 8, high: 16 }), 0.5)).toMatchObject({ value: 5, low: 4, high: 8 })
    expect(inverted(figure(10, { low: 8, high: 16 }), 80)).toMatchObject({ value: 8, low: 5, high: 10 })
    expect(inverted(figure(0, { low: -1, high: 4 }), 8)).toMatchObject({ value: null, low: 2, high: null })
    expect(scaledFigure(missing, 3)).toMatchObject({ value: null, verdict: 'unavailable' })
  })

  it('of quantiles need five observations beyond them', () => {
    const values = Array.from({ length: 100 }, (_, at) => 100 - at)
    // Half the width is 1.96 x sqrt(100 x 0.95 x 0.05) = 4.27: ranks 90 (floor(90.73)) and 100.
    expect(quantileFigure(values, 0.95, 0.95)).toMatchObject({
      value: 95,
      low: 90,
      high: 100,
      verdict: 'VALID'
    })
    expect(quantileFigure(values.slice(0, 99), 0.95, 0.95).verdict).toBe('INVALID')
    // 1.96 x 5 = 9.8: ranks 40 (floor(40.2)) and 61 (index 60).
    expect(quantileFigure(values, 0.5, 0.95)).toMatchObject({ value: 50, low: 40, high: 61, n: 100 })
    expect(quantileFigure([], 0.5, 0.95).verdict).toBe('unavailable')
    expect(quantileFigure([7], 0.5, 0.95)).toMatchObject({ value: 7, low: 7, high: 7, verdict: 'INVALID' })
  })

  it('of shares stay within 0 and 1', () => {
    expect(shareFigure(0, 0, 0.95).verdict).toBe('unavailable')
    const [none, all] = [shareFigure(0, 10, 0.95), shareFigure(10, 10, 0.95)]
    // z^2 / (n + z^2) with z = 1.959964.
    expect(none.high!).toBeCloseTo(3.841459 / 13.841459, 5)
    expect(none.low!).toBeCloseTo(0, 12)
    expect(all.low!).toBeCloseTo(1 - 3.841459 / 13.841459, 5)
  })
})

describe('sums of layers', () => {
  const verdict = (ratio: number) => closureOf({ layersUs: ratio * 100, wholeUs: 100 }, null).verdict
  it('may be 80 % to 120 % of the whole', () => {
    expect([0.79, 0.8, 1.2, 1.21].map(verdict)).toEqual(['INVALID', 'VALID', 'VALID', 'INVALID'])
    expect(closureOf({ layersUs: 1, wholeUs: 0 }, null)).toMatchObject({
      timePercent: null,
      verdict: 'unavailable'
    })
    const both = closureOf({ layersUs: 100, wholeUs: 100 }, { layersJ: 5, wholeJ: 10 })
    expect(both).toMatchObject({ timePercent: 100, energyPercent: 50, verdict: 'INVALID' })
    expect(both.reason).toContain('energy: 50 % of the whole network')
    expect(both.reason).toContain('between the layers')
    expect(closureOf(null, { layersJ: 15, wholeJ: 10 }).reason).toContain('Alone, layers cost more')
  })
})

describe('start temperatures', () => {
  it('are alike within 5 K', () => {
    const started = (startC: number | null) => ({ ...timing('x', 1, 1), startC })
    expect(startTemperature('x', [started(40), started(null), started(45)])).toEqual({ minC: 40, maxC: 45 })
    expect(startTemperature('y', [started(40)])).toBeNull()
    expect(startDoubts({ minC: 40, maxC: 45 })).toEqual([])
    expect(startDoubts({ minC: 40, maxC: 45.5 })).toHaveLength(1)
    expect(startDoubts(null)).toEqual([])
  })
})
