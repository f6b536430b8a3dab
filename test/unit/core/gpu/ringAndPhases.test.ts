import { describe, expect, it } from 'vitest'
import { envelopeOf } from '@core/gpu/envelope'
import { metricAt, metricCount } from '@core/gpu/metrics'
import { createPhaseTracker, parsePhaseLine } from '@core/gpu/phaseMarks'
import { createSampleRing } from '@core/gpu/sampleRing'

const sampleAt = (tMs: number, powerW: number) => {
  const values = new Float64Array(metricCount).fill(NaN)
  values[metricAt.powerW] = powerW
  return { gpuIndex: 0, tMs, values }
}

describe('createSampleRing', () => {
  it('keeps the newest in order and bounded', () => {
    const ring = createSampleRing(5)
    expect(ring.lastMs).toBe(-Infinity)
    for (let i = 0; i < 12; i++) ring.push(sampleAt(i, i * 10))
    expect(ring.length).toBe(5)
    expect([...ring.column(metricAt.powerW).tMs]).toEqual([7, 8, 9, 10, 11])
    expect([...ring.column(metricAt.powerW, 10).values]).toEqual([100, 110])
    expect(ring.lastMs).toBe(11)
  })

  it('keeps every metric of a sample apart', () => {
    const ring = createSampleRing(3)
    for (let i = 0; i < 4; i++) {
      const values = Float64Array.from({ length: metricCount }, (_, metric) => 100 * i + metric)
      ring.push({ gpuIndex: 0, tMs: i, values })
    }
    for (let metric = 0; metric < metricCount; metric++)
      expect([...ring.column(metric).values]).toEqual([100 + metric, 200 + metric, 300 + metric])
  })
})

describe('envelopeOf', () => {
  it('loses no peak and shows empty stretches as unavailable', () => {
    const tMs = [0, 1, 2, 3, 20, 21, 39]
    const values = [1, 9, 2, NaN, 5, -4, 7]
    const { min, max, mean, stepMs } = envelopeOf(tMs, values, 7, 0, 40, 4)
    expect(stepMs).toBe(10)
    expect(min).toEqual([1, null, -4, 7])
    expect(max).toEqual([9, null, 5, 7])
    expect(mean).toEqual([4, null, 0.5, 7])
  })
})

describe('phase lines', () => {
  it('reads what the command prints and leaves the rest alone', () => {
    expect(parsePhaseLine('{"event":"phase","name":"fp16","state":"begin"}')).toEqual({
      name: 'fp16',
      state: 'begin',
      repetitions: null
    })
    expect(
      parsePhaseLine(' {"event":"phase","name":"fp16","state":"end","repetitions":64}\r')?.repetitions
    ).toBe(64)
    for (const line of [
      'phase fp16',
      '{"event":"phase","name":"","state":"begin"}',
      '{"event":"phase","name":"a","state":"middle"}',
      '{"event":"loss","name":"phase"}',
      '{"event":"phase"',
      '[{"event":"phase"}]'
    ]) {
      expect(parsePhaseLine(line)).toBeNull()
    }
  })

  it('numbers trials, nests names and closes what was left open', () => {
    const tracker = createPhaseTracker()
    const at = (name: string, state: 'begin' | 'end', tMs: number, repetitions: number | null = null) =>
      tracker.mark({ name, state, repetitions }, tMs)
    at('run', 'begin', 0)
    at('layer', 'begin', 1)
    at('layer', 'end', 2, 32)
    at('layer', 'begin', 3, 16)
    at('layer', 'begin', 5)
    expect(at('other', 'end', 6)).toEqual([])
    tracker.close(9)
    expect(tracker.phases).toEqual([
      { name: 'layer', trial: 1, fromMs: 1, toMs: 2, repetitions: 32, ended: true },
      { name: 'layer', trial: 2, fromMs: 3, toMs: 5, repetitions: 16, ended: false },
      { name: 'run', trial: 1, fromMs: 0, toMs: 9, repetitions: null, ended: false },
      { name: 'layer', trial: 3, fromMs: 5, toMs: 9, repetitions: null, ended: false }
    ])
  })
})
