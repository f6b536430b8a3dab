import { describe, expect, it } from 'vitest'
import { createPowerStretch, type StretchFrame } from '@core/energy/powerStretch'
import { createRandom } from '@core/math/random'
import type { PowerStretch } from '@shared/contract/energy'
import { analyseTrace } from '../../../support/wholeTrace'
import { sensorOf } from '@core/energy/sensorModel'

function stretchOf(
  readings: readonly (readonly [tMs: number, powerW: number])[],
  frame: Partial<StretchFrame> & Pick<StretchFrame, 'fromMs' | 'toMs'>
): PowerStretch {
  const stretch = createPowerStretch({ gapAfterMs: 500, gaps: [], powerLimitW: null, ...frame })
  stretch.add(
    readings.map(([tMs]) => tMs),
    readings.map(([, powerW]) => powerW)
  )
  return stretch.finish()
}

/** 0 W at 0 ms, 10 W more with every 100 ms. */
const ramp = Array.from({ length: 11 }, (_, at) => [at * 100, at * 10] as const)
const nothing = { totalJ: null, meanW: null, minW: null, maxW: null, deltaW: null, samples: 0, coveredMs: 0 }

describe('createPowerStretch', () => {
  it('interpolates both ends: 25 W to 65 W over 0.4 s are 18 J', () => {
    expect(stretchOf(ramp, { fromMs: 250, toMs: 650 })).toEqual({
      ...{ fromMs: 250, toMs: 650, durationMs: 400, coveredMs: 400, gapCount: 0, samples: 4, implausible: 0 },
      ...{ totalJ: expect.closeTo(18, 12) as number, meanW: expect.closeTo(45, 12) as number },
      ...{ minW: 25, maxW: 65, deltaW: 40 }
    })
  })

  it('measures between two readings without one inside', () => {
    const found = stretchOf(ramp, { fromMs: 220, toMs: 240 })
    expect(found).toMatchObject({ samples: 0, coveredMs: 20, deltaW: expect.closeTo(2, 12) as number })
    expect(found.totalJ).toBeCloseTo(0.46, 12)
    expect(found.minW).toBeCloseTo(22, 12)
    expect(found.maxW).toBeCloseTo(24, 12)
  })

  it('begins and ends on readings without looking beyond them', () => {
    expect(stretchOf(ramp, { fromMs: 200, toMs: 300 })).toMatchObject({
      ...{ samples: 2, minW: 20, maxW: 30, deltaW: 10, meanW: 25, totalJ: 2.5 }
    })
  })

  it('adds nothing over a pause, a marked gap or beyond the readings', () => {
    const paused = [...ramp, [1600, 100], [1700, 100]] as const
    // 0.05 s before the pause of 600 ms at 97.5 W, 0.05 s after it at 100 W.
    const over = stretchOf(paused, { fromMs: 950, toMs: 1650 })
    expect(over).toMatchObject({
      durationMs: 700,
      coveredMs: 100,
      gapCount: 1,
      minW: 95,
      maxW: 100,
      deltaW: 5
    })
    expect(over.totalJ).toBeCloseTo(9.875, 12)
    const marked = stretchOf(ramp, { fromMs: 400, toMs: 700, gaps: [{ fromMs: 520, toMs: 560 }] })
    expect(marked).toMatchObject({ coveredMs: 200, gapCount: 1, minW: 40, maxW: 70 })
    expect(stretchOf(ramp, { fromMs: 1200, toMs: 1300 })).toMatchObject(nothing)
    expect(stretchOf([], { fromMs: 0, toMs: 1 })).toMatchObject(nothing)
    // Half of it lies behind the last reading: its end is that reading.
    expect(stretchOf(ramp, { fromMs: 950, toMs: 1050 })).toMatchObject({
      coveredMs: 50,
      deltaW: 5,
      maxW: 100
    })
  })

  it('gives the value of a single reading that nothing joins, and no energy', () => {
    expect(stretchOf([[100, 7]], { fromMs: 0, toMs: 200 })).toMatchObject({
      ...{ samples: 1, coveredMs: 0, totalJ: null, meanW: 7, minW: 7, maxW: 7, deltaW: 0 }
    })
  })

  it('leaves out what is unavailable or cannot be power, and counts the latter', () => {
    const broken = ramp.map(
      ([tMs, powerW], at) => [tMs, at === 3 ? NaN : at === 5 ? 65_535 : powerW] as const
    )
    const found = stretchOf(broken, { fromMs: 200, toMs: 700 })
    expect(found).toMatchObject({
      samples: 4,
      implausible: 1,
      minW: 20,
      maxW: 70,
      deltaW: 50,
      coveredMs: 500
    })
    expect(found.totalJ).toBeCloseTo(22.5, 12)
    // The same fault outside of the stretch is not counted.
    expect(stretchOf(broken, { fromMs: 600, toMs: 700 })).toMatchObject({ implausible: 0 })
    const believed = stretchOf(broken, { fromMs: 200, toMs: 700, powerLimitW: 'any' })
    expect(believed).toMatchObject({ implausible: 0, maxW: 65_535 })
  })

  it('gives what a phase of the same length is given, on random readings with gaps and faults', () => {
    const random = createRandom(11)
    for (let round = 0; round < 60; round++) {
      let t = 0
      const count = 20 + Math.floor(random.next() * 9000)
      const tMs = Float64Array.from(
        { length: count },
        () => (t += random.next() < 0.01 ? 900 : 30 + 80 * random.next())
      )
      const powerW = tMs.map(() =>
        random.next() < 0.02 ? NaN : random.next() < 0.01 ? 70_000 : 40 + 300 * random.next()
      )
      const [a, b] = [random.next() * t, random.next() * t]
      const [fromMs, toMs] = [Math.min(a, b), Math.max(a, b)]
      const gaps = [{ fromMs: t / 3, toMs: t / 3 + 200 }]
      const frame = { gapAfterMs: 500, gaps, powerLimitW: 400 }
      const stretch = createPowerStretch({ fromMs, toMs, ...frame })
      for (let at = 0; at < count; at += 700)
        stretch.add(tMs.subarray(at, at + 700), powerW.subarray(at, at + 700))
      const found = stretch.finish()
      const mark = { name: 'a', trial: 1, fromMs, toMs, repetitions: null, ended: true }
      const trace = { gpuIndex: 0, tMs, powerW, gaps, gapAfterMs: 500 }
      const sensor = sensorOf('NVIDIA A100-SXM4-40GB', 'power.draw')
      const phase = analyseTrace(trace, [mark], 0, t, sensor, 0.95, { powerLimitW: 400 }).phases.find(
        ({ name }) => name === 'a'
      )!
      expect(found).toMatchObject({
        ...{ coveredMs: phase.coveredMs, gapCount: phase.gapCount, samples: phase.samples },
        ...{ totalJ: phase.totalJ, implausible: phase.implausible }
      })
      if (found.meanW !== null) {
        expect(found.minW).toBeLessThanOrEqual(found.meanW + 1e-9)
        expect(found.maxW).toBeGreaterThanOrEqual(found.meanW - 1e-9)
      }
    }
  })
})
