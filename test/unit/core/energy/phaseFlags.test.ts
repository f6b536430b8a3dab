import { describe, expect, it } from 'vitest'
import { implausibleReadings } from '@core/energy/plausible'
import { phaseFlags, type PhaseFigures } from '@core/energy/phaseFlags'
import { gapAfterMsOf } from '@core/energy/powerTrace'
import { sensorOf, shortestPhaseMs } from '@core/energy/sensorModel'
import type { PhaseMark } from '@shared/contract/gpu'

const sensor = sensorOf('NVIDIA A100-SXM4-40GB', 'power.draw.instant')
const neededMs = shortestPhaseMs(sensor)

/** Codes of what is doubtful about a phase that is sound but for what is given. */
function codes(
  more: Partial<PhaseFigures> & {
    durationMs?: number
    readings?: number
    uniqueValues?: number
    covered?: number
    ended?: boolean
  } = {}
): string[] {
  const {
    durationMs = 10 * neededMs,
    readings = 100,
    uniqueValues = 40,
    covered = 1,
    ended = true,
    ...own
  } = more
  const phase = { name: 'load', trial: 0, fromMs: 500, toMs: 500 + durationMs, ended } as PhaseMark
  const figures: PhaseFigures = {
    ...{ counterJ: 100, counterDifference: 0.001, implausible: 0 },
    throttling: { throttledFraction: 0, reasons: [] } as unknown as PhaseFigures['throttling'],
    ...own
  }
  const counts = { readings, uniqueValues } as Parameters<typeof phaseFlags>[1]
  return phaseFlags(phase, counts, covered * durationMs, sensor, figures).map(({ code }) => code)
}

describe('what is doubtful about a phase', () => {
  it('is nothing where everything is sound', () => expect(codes()).toEqual([]))

  it('is a counter that disagrees either way, where the phase is long enough to judge it', () => {
    expect(codes({ counterDifference: 0.3 })).toEqual(['energy.counterDisagrees'])
    expect(codes({ counterDifference: -0.3 })).toEqual(['energy.counterDisagrees'])
    expect(codes({ counterDifference: null, counterJ: null })).toEqual([])
    expect(codes({ counterDifference: 0.3, durationMs: neededMs / 2 })).toEqual(['energy.tooShort'])
  })

  it('is its length, by time or by readings: the limits themselves are enough', () => {
    expect(codes({ durationMs: neededMs })).toEqual([])
    expect(codes({ durationMs: neededMs - 1 })).toEqual(['energy.tooShort'])
    expect(codes({ readings: 10 })).toEqual([])
    expect(codes({ readings: 9 })).toEqual(['energy.tooShort'])
  })

  it('is coverage below 95 %, a stuck sensor, an end that was not marked', () => {
    expect(codes({ covered: 0.951 })).toEqual([])
    expect(codes({ covered: 0.949 })).toEqual(['data.missing'])
    expect(codes({ uniqueValues: 3 })).toEqual([])
    expect(codes({ uniqueValues: 2 })).toEqual(['data.invalid'])
    expect(codes({ ended: false })).toEqual(['data.invalid'])
  })

  it('is throttling and implausible readings above one in a hundred', () => {
    const throttled = (throttledFraction: number): string[] =>
      codes({
        throttling: { throttledFraction, reasons: ['power cap'] } as unknown as PhaseFigures['throttling']
      })
    expect(throttled(0.01)).toEqual([])
    expect(throttled(0.011)).toEqual(['energy.throttled'])
    expect(codes({ implausible: 1 })).toEqual([])
    expect(codes({ implausible: 2 })).toHaveLength(1)
  })
})

describe('readings', () => {
  it('five intervals apart are not joined, and never those within half a second', () => {
    expect([10, 100, 101, 200, 1000].map(gapAfterMsOf)).toEqual([500, 500, 505, 1000, 5000])
  })

  it('are judged within their stretch alone; those beside it count as neighbours', () => {
    const powerW = [100, 5000, 100, -1, 100, 0, 100]
    expect(implausibleReadings(powerW, 400)).toEqual([1, 3, 5])
    expect(implausibleReadings(powerW, 400, 0, 3)).toEqual([1])
    expect(implausibleReadings(powerW, 400, 2, 5)).toEqual([3])
    // The zero at the end of the stretch lies between two readings of a running board.
    expect(implausibleReadings(powerW, 400, 5, 6)).toEqual([5])
    expect(implausibleReadings(powerW.slice(0, 6), 400, 5, 6)).toEqual([])
  })
})
