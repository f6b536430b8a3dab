import { describe, expect, it } from 'vitest'
import { compareRecordings, type ComparedRecording } from '@core/compare/compareRecordings'
import { compareWorkloads, type ComparedWorkload } from '@core/compare/compareWorkloads'
import { figureDifference } from '@core/compare/intervals'
import { intervalOf } from '@core/energy/interval'
import type { MeasuredFigure } from '@shared/contract/workload/workloadRows'

const interval = (values: number[]) => intervalOf(values, 0.95)
const recording = (joules: number[], change: object = {}, startMs = 1000): ComparedRecording =>
  ({
    report: {
      ...{ origin: 'measured', driverVersion: '1' },
      gpus: [{ gpuIndex: 0, name: 'Card', idle: { powerW: 20 } }],
      phases: joules.map((totalJ, trial) => ({
        ...{ name: 'work', trial, gpuIndex: 0, fromMs: startMs, totalJ, netJ: null },
        ...{ durationMs: 500, meanW: 2 * totalJ }
      })),
      summaries: [
        {
          ...{ name: 'work', gpuIndex: 0, per: 'trial', verdict: 'VALID', reasons: [] },
          ...{ totalJ: interval(joules), netJ: null, durationMs: null, meanW: null },
          ...change
        }
      ]
    },
    traces: [{ gpuIndex: 0, envelope: { fromMs: 0, stepMs: 1000, mean: [20, null, 90], min: [], max: [] } }]
  }) as unknown as ComparedRecording

describe('differences of figures with intervals', () => {
  it('square and add the halves on the sides that matter', () => {
    // b - a = 3; low: 3 - hypot(1, 4) of b down and a up; high: 3 + hypot(2, 3) of b up and a down.
    const found = figureDifference({ value: 10, low: 7, high: 14 }, { value: 13, low: 12, high: 15 })
    expect(found.value).toBe(3)
    expect(found.low).toBeCloseTo(3 - Math.sqrt(17), 12)
    expect(found.high).toBeCloseTo(3 + Math.sqrt(13), 12)
  })

  it('of equal symmetric intervals are that of two means', () => {
    const one = { value: 5, low: 4, high: 6 }
    expect(figureDifference(one, one)).toEqual({ value: 0, low: -Math.SQRT2, high: Math.SQRT2 })
  })
})

describe('recordings', () => {
  it('are compared by energy with intervals, and their power lies from the first phase on', () => {
    const found = compareRecordings([recording([10, 12]), recording([20, 22], {}, 3000)])
    const energy = found.figures.find(({ name }) => name === 'work, GPU 0: energy')!
    expect(energy).toMatchObject({ unit: 'J per trial', values: [11, 21], how: 'difference' })
    // Two trials 2 apart: half width t(0.975, 1) * sqrt(2) / sqrt(2) = 12.706 for each.
    expect(energy.against[1]!.value).toBe(10)
    expect(energy.against[1]!.high).toBeCloseTo(10 + 12.7062047 * Math.SQRT2, 3)
    expect(found.curves.map(({ run, x, y }) => ({ run, x, y }))).toEqual([
      { run: 0, x: [-0.5, 0.5, 1.5], y: [20, null, 90] },
      { run: 1, x: [-2.5, -1.5, -0.5], y: [20, null, 90] }
    ])
    expect(found.notes).toEqual([])
  })

  it('of a power meter show no driver', () => {
    const metered = recording([10])
    metered.report.driverVersion = ''
    const { rows } = compareRecordings([recording([10]), metered])
    expect(rows.find(({ name }) => name === 'driver')!.cells).toEqual(['1', '–'])
  })

  it('of one trial are shown without an interval', () => {
    const found = compareRecordings([recording([10, 12]), recording([30])])
    const energy = found.figures.find(({ name }) => name === 'work, GPU 0: energy')!
    expect(energy.values).toEqual([11, 30])
    expect(energy.against).toEqual([null, null])
  })

  it('that must not be quoted are shown and not compared', () => {
    const invalid = { verdict: 'INVALID', reasons: [{ message: 'Stranger on the GPU.', hint: '' }] }
    for (const pair of [
      [recording([10, 12]), recording([20, 22], invalid)],
      [recording([10, 12], invalid), recording([20, 22])]
    ]) {
      const energy = compareRecordings(pair).figures.find(({ name }) => name === 'work, GPU 0: energy')!
      expect(energy).toMatchObject({ values: [11, 21], against: [null, null] })
    }
  })

  it('say what is INVALID, and compare no joule per trial with one per repetition', () => {
    const found = compareRecordings([
      recording([10, 12]),
      recording([1, 2], {
        per: 'repetition',
        verdict: 'INVALID',
        reasons: [{ message: 'Too short.', hint: '' }]
      })
    ])
    expect(found.figures.find(({ name }) => name === 'work, GPU 0: energy')!.values).toEqual([11, null])
    expect(found.notes).toEqual([
      'work, GPU 0: some count per trial and some per repetition, which is not compared.',
      'B, work, GPU 0: INVALID, Too short.'
    ])
  })
})

const figure = (value: number | null, half: number | null, verdict = 'VALID') => ({
  ...{ value, verdict, n: 3, origin: 'measured', reason: verdict === 'VALID' ? null : 'Stranger on the GPU' },
  ...{ low: half === null ? null : value! - half, high: half === null ? null : value! + half }
})
const workload = (latency: number, verdict = 'VALID', model = 'gloss'): ComparedWorkload =>
  ({
    ...{ model, confidence: 0.95 },
    tables: {
      benchmark: [
        {
          ...{ precision: 'fp32', metric: 'accuracy', quality: figure(0.9, null) },
          ...{ latencyP50Us: figure(latency, 3), energyTotalJ: figure(latency / 100, 4, verdict) },
          energyNetJ: figure(null, null, 'unavailable')
        }
      ],
      layers: [
        { layer: 'h.0', timeUs: figure(12 * latency, 1), energyTotalJ: figure(latency, 1, verdict) },
        { layer: 'h.1', timeUs: figure(7, null), energyTotalJ: figure(null, null, 'unavailable') }
      ]
    }
  }) as unknown as ComparedWorkload

describe('workloads', () => {
  it('are compared per precision; what must not be quoted is shown and not compared', () => {
    const found = compareWorkloads([workload(100), workload(150, 'INVALID', 'other')])
    expect(found.figures.map(({ name, values }) => [name, values])).toEqual([
      ['fp32: median latency', [100, 150]],
      ['fp32: energy', [1, 1.5]],
      ['fp32: accuracy', [0.9, 0.9]],
      ['Layer h.0: time', [1200, 1800]],
      ['Layer h.0: energy', [100, 150]],
      ['Layer h.1: time', [7, 7]]
    ])
    expect(found.figures[0]!.against[1]).toEqual({
      value: 50,
      low: 50 - Math.hypot(3, 3),
      high: 50 + Math.hypot(3, 3)
    })
    expect(found.figures[1]!.against).toEqual([null, null])
    expect(found.figures[3]!.against[1]).toEqual({
      value: 600,
      low: 600 - Math.SQRT2,
      high: 600 + Math.SQRT2
    })
    expect(found.figures[4]!.against).toEqual([null, null])
    expect(found.notes).toEqual([
      'They ran different networks.',
      'B, fp32: energy is INVALID, Stranger on the GPU',
      'B: energy of 1 layer is INVALID, of h.0 for: Stranger on the GPU'
    ])
  })

  it('say once what is INVALID at several precisions and in several quantities', () => {
    const invalid = (reason: string) => ({ ...figure(1, 1, 'INVALID'), reason }) as MeasuredFigure
    const one = workload(100)
    const [row] = one.tables!.benchmark
    const both = { energyTotalJ: invalid('Short'), energyNetJ: invalid('Short') }
    one.tables!.benchmark.splice(
      0,
      1,
      { ...row!, ...both },
      { ...row!, ...both, precision: 'int8Static' },
      { ...row!, precision: 'int4', latencyP50Us: invalid('Few') }
    )
    expect(compareWorkloads([workload(100), one]).notes).toEqual([
      'B, int4: median latency is INVALID, Few',
      'B: energy, energy without idle of 2 precisions is INVALID, of fp32 for: Short'
    ])
  })

  it('whose intervals are at another confidence are compared at 95 %', () => {
    const of = (half: number, confidence: number): ComparedWorkload => {
      const one = workload(100)
      one.tables!.benchmark[0]!.latencyP50Us = figure(100, half) as MeasuredFigure
      return { ...one, confidence }
    }
    // t with 2 degrees of freedom: 4.30265 at 95 %, 1.88562 at 80 %.
    const [half95, half80] = [4.30265, 1.88562]
    const found = compareWorkloads([of(half80, 0.8), of(half95, 0.95)])
    expect(found.figures[0]!.against[1]!.high).toBeCloseTo(half95 * Math.SQRT2, 3)
  })

  it('without tables have nothing to show', () => {
    const none = { model: 'gloss', tables: null, confidence: 0.95 }
    expect(compareWorkloads([none, none])).toEqual({ notes: [], figures: [], rows: [], curves: [] })
  })
})
