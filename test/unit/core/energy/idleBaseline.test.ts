import { describe, expect, it } from 'vitest'
import { counterReader } from '@core/energy/energyCounter'
import { idleAfterOf } from '@core/energy/idleBaseline'
import { idleDrift } from '@core/energy/traceAnalyser'
import type { PhaseMark } from '@shared/contract/gpu'

const trace = { gpuIndex: 0, gaps: [], gapAfterMs: 500 }
const block = (powerW: readonly number[], fromMs = 1_000) => ({
  tMs: Float64Array.from(powerW, (_, at) => fromMs + 100 * at),
  powerW: Float64Array.from(powerW),
  mask: Float64Array.from(powerW, () => NaN)
})
const phase = (name: string, fromMs: number, toMs: number): PhaseMark =>
  ({ name, trial: 0, fromMs, toMs, ended: true }) as PhaseMark

describe('the power at rest behind the work', () => {
  const restOf = (powerW: readonly number[], toMs = 2_000) => {
    const meter = idleAfterOf(trace, [], 900, toMs, 100)
    meter.add(block(powerW))
    return meter.result()
  }

  it('needs five readings: mean over time, and the spread of the readings', () => {
    const found = restOf([40, 42, 44, 42, 40])
    expect([found.basis, found.samples]).toEqual(['after', 5])
    // Trapezoids: (40 + 42) / 2, 43, 43, 41 over four equal steps.
    expect(found.powerW).toBeCloseTo((41 + 43 + 43 + 41) / 4, 9)
    // Mean 41.6: squares 2.56, 0.16, 5.76, 0.16, 2.56 over 4.
    expect(found.standardDeviationW).toBeCloseTo(Math.sqrt(11.2 / 4), 9)
    expect(restOf([40, 42, 44, 42])).toMatchObject({ basis: 'none', powerW: null, samples: 0 })
    expect(restOf([40, NaN, 42, 44, 42])).toMatchObject({ basis: 'none' })
    expect(restOf([40, 42, 44, 42, 40], 900)).toMatchObject({ basis: 'none' })
  })

  it('begins one window behind the command, and ends where the recording does', () => {
    const meter = idleAfterOf(trace, [], 1_000, 1_700, 100)
    meter.add(block([900, 10, 10, 10, 10, 10, 10, 900]))
    expect(meter.result()).toMatchObject({ fromMs: 1_100, toMs: 1_700, samples: 6, powerW: 10 })
  })

  it('is that of a later phase named idle, if all the work lies before it', () => {
    const marks = [phase('idle', 0, 500), phase('load', 600, 1_000), phase('idle', 1_050, 1_600)]
    const fits = idleAfterOf(trace, marks, 5_000, 6_000, 50)
    fits.add(block([10, 10, 10, 10, 10, 10, 10]))
    expect(fits.result()).toMatchObject({ fromMs: 1_100, toMs: 1_600, samples: 5 })
    const late = [...marks, phase('load', 1_590, 1_700)]
    expect(idleAfterOf(trace, late, 5_000, 6_000, 50).result()).toMatchObject({ fromMs: 5_050, toMs: 6_000 })
  })
})

describe('a drift of the power at rest', () => {
  const drift = (before: number | null, after: number | null): number =>
    idleDrift({ powerW: before }, { powerW: after }, null).length
  it('is noted above a tenth either way, and never without both figures', () => {
    expect([drift(50, 54.9), drift(50, 55.1), drift(50, 45.1), drift(50, 44.9)]).toEqual([0, 1, 0, 1])
    expect([drift(null, 50), drift(50, null), drift(0, 50), drift(-1, 50)]).toEqual([0, 0, 0, 0])
    expect(idleDrift({ powerW: 50 }, { powerW: 60 }, null)[0]).toContain('50.0 W before and 60.0 W after')
  })
})

describe('a counter', () => {
  it('has no energy of no time, nor of time that runs backwards', () => {
    const read = counterReader({ tMs: Float64Array.of(0, 100, 200), energyJ: Float64Array.of(0, 10, 20) })
    expect([read(0, 200), read(50, 50), read(120, 60), read(0, 201)]).toEqual([20, null, null, null])
  })
})
