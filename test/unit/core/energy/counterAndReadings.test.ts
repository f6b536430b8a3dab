import { describe, expect, it } from 'vitest'
import { counterReader, createUnwrapper } from '@core/energy/energyCounter'
import { implausibleReadings } from '@core/energy/plausible'
import { gapAfterMsOf } from '@core/energy/powerTrace'
import { sensorOf } from '@core/energy/sensorModel'
import { analyseTrace, throttlingOf, type WholeTrace } from '../../../support/wholeTrace'

const traceOf = (powerW: number[]): WholeTrace => ({
  gpuIndex: 0,
  tMs: Float64Array.from(powerW, (_, at) => at * 100),
  powerW: Float64Array.from(powerW),
  gaps: [],
  gapAfterMs: gapAfterMsOf(100)
})

describe('counterReader', () => {
  // 100 W, shown in steps of 10 J every 100 ms, read every 50 ms.
  const tMs = Float64Array.from({ length: 41 }, (_, at) => at * 50)
  const steps = { tMs, energyJ: tMs.map((t) => 5000 + 10 * Math.floor(t / 100)) }

  it('is linear between the steps, wherever the phase begins', () => {
    expect(counterReader(steps)(500, 1500)).toBeCloseTo(100, 9)
    expect(counterReader(steps)(530, 1530)).toBeCloseTo(100, 9)
    expect(counterReader(steps)(540, 560)).toBeCloseTo(2, 9)
  })

  it('is unavailable outside of the readings, for a counter that stands still or runs backwards', () => {
    expect(counterReader(steps)(1500, 2100)).toBeNull()
    expect(counterReader(steps)(-10, 500)).toBeNull()
    expect(counterReader({ tMs, energyJ: tMs.map(() => 7) })(500, 1500)).toBeNull()
    const reloaded = { tMs, energyJ: tMs.map((t, at) => (at < 20 ? 5000 + t : t)) }
    expect(counterReader(reloaded)(500, 1500)).toBeNull()
  })
})

describe('createUnwrapper', () => {
  it('goes on where the counter starts again at 0', () => {
    const unwrap = createUnwrapper(1000)
    expect([900, 990, 40, 500, 10].map(unwrap)).toEqual([900, 990, 1040, 1500, 2010])
  })
})

describe('implausibleReadings', () => {
  it('leaves out what cannot be power, and keeps what a board can draw for a moment', () => {
    const powerW = [50, -1, 50, 250, 700, 250, 420, 400, 0, 400, 50, 405, 50, 0, 0]
    // -1 W; 700 W is over 1.5 times the limit; a lone 0 W; 405 W between two readings of 50 W.
    expect(implausibleReadings(powerW, 400)).toEqual([1, 4, 8, 11])
  })

  it('without a limit leaves out what no board draws, and lone spikes above 1,000 W', () => {
    const powerW = [50, 5000, 50, 3000, 3000, 3001, 900, 50, 1001, 500.5, 50, 1001, 500.4, 65_535, 65_535, 50]
    // 5,000 and 3,001 W are beyond boards; 3,000 W beside 3,000 W stays; 1,001 W is twice 500.5 W, but more than that of 500.4 W.
    for (const limitW of [null, 0, -1, 65_535, NaN])
      expect(implausibleReadings(powerW, limitW), String(limitW)).toEqual([1, 5, 11, 13, 14])
  })

  it('looks at the neighbours outside the range, and reports none of them', () => {
    const powerW = [-1, 400, 0, 400, -1]
    expect(implausibleReadings(powerW, 400, 2, 3)).toEqual([2])
    expect(implausibleReadings(powerW.slice(0, 3), 400, 2, 3)).toEqual([])
  })

  it('makes no energy of a false reading, and says how many there were', () => {
    const readings = traceOf(
      Array.from({ length: 101 }, (_, at) => (at === 50 ? 65_535 : 100 + (at % 3) - 1))
    )
    const marks = [{ name: 'work', trial: 1, fromMs: 2000, toMs: 8000, repetitions: null, ended: true }]
    const evidence = {
      counter: null,
      powerLimitW: 300,
      idleAfterMs: 0,
      doubts: [],
      notes: []
    }
    const sensor = sensorOf('NVIDIA A100-SXM4-40GB', 'power.draw')
    const { phases } = analyseTrace(readings, marks, 1000, 9000, sensor, 0.95, evidence)
    expect(phases[1]).toMatchObject({ implausible: 1, gapCount: 0 })
    expect(phases[1]!.totalJ).toBeCloseTo(600, 0)
    expect(phases[1]!.flags.map((flag) => flag.code)).toEqual(['energy.implausible'])
  })
})

describe('idle baseline after the run', () => {
  it('is shown beside the one before, with a note when they differ', () => {
    const readings = traceOf(
      Array.from({ length: 121 }, (_, at) => (at < 30 ? 50 : at < 90 ? 200 : 70) + (at % 2) - 0.5)
    )
    const sensor = sensorOf('NVIDIA A100-SXM4-40GB', 'power.draw')
    const evidence = {
      counter: null,
      powerLimitW: null,
      idleAfterMs: 2900,
      doubts: [],
      notes: []
    }
    const result = analyseTrace(readings, [], 2900, 9000, sensor, 0.95, evidence)
    expect(result.idle.powerW).toBeCloseTo(50, 1)
    expect(result.idleAfter).toMatchObject({ basis: 'after' })
    expect(result.idleAfter.powerW).toBeCloseTo(70, 1)
    expect(result.summaries[0]!.notes[0]).toContain('50.0 W before and 70.0 W after')
  })
})

describe('throttlingOf', () => {
  it('tells heat from the power limit, and reads bits above 32 without confusion', () => {
    const tMs = Float64Array.from([0, 1, 2, 3, 4])
    const mask = Float64Array.from([1, 0x4, 0x24, 2 ** 40, NaN])
    expect(throttlingOf({ tMs, mask }, 0, 4)).toEqual({
      throttledFraction: 0.25,
      powerCappedFraction: 0.5,
      reasons: ['software thermal slowdown']
    })
    expect(throttlingOf({ tMs, mask }, 4, 9).powerCappedFraction).toBeNull()
  })
})
