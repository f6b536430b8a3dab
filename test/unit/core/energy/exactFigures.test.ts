import { describe, expect, it } from 'vitest'
import { counterReader } from '@core/energy/energyCounter'
import { intervalOf } from '@core/energy/interval'
import { phaseEnergyOf } from '@core/energy/phaseEnergy'
import { phaseFlags } from '@core/energy/phaseFlags'
import { createPhaseMeter } from '@core/energy/phaseMeter'
import { createPlausibleBlocks, implausibleReadings } from '@core/energy/plausible'
import { createReadingCounter } from '@core/energy/powerTrace'
import { sensorOf, shortestPhaseMs, timingOf } from '@core/energy/sensorModel'
import { createThrottleMeter } from '@core/energy/throttle'
import type { IdleBaseline } from '@shared/contract/energy'
import type { PhaseMark } from '@shared/contract/gpu'

/** Figures of one phase worked out by hand, to the last digit; limits on their own and one step to either side. */
const phase: PhaseMark = {
  ...{ name: 'load', trial: 2, fromMs: 1000, toMs: 3000, repetitions: 4, ended: true }
}
const sensor = sensorOf('NVIDIA A100-SXM4-40GB', 'power.draw.instant')
const idle = { gpuIndex: 3, powerW: 25, basis: 'rest' } as IdleBaseline
const readings = {
  whole: { energyJ: 300, coveredMs: 1999, gapCount: 0, meanW: 150, peakW: 210, samples: 20 },
  settledMeanW: 155,
  counts: { readings: 20, uniqueValues: 11, changes: 15, achievedHz: 9.5 },
  throttling: { throttledFraction: 0, powerCappedFraction: 0.5, reasons: [] }
}

describe('energy of one phase', () => {
  const of = (counter: number | null, more: Partial<typeof readings> = {}, removedMs: number[] = []) =>
    phaseEnergyOf(phase, { ...readings, ...more }, idle, sensor, {
      counter: counter === null ? null : () => counter,
      removedMs
    })

  it('is total, idle share over the covered time, and what is left; by repetition as well', () => {
    const found = of(null)
    // 25 W over 1.999 s.
    expect(found.idleJ).toBe(49.975)
    expect(found.netJ).toBe(300 - 49.975)
    expect(found).toMatchObject({ totalJ: 300, totalPerRepetitionJ: 75, netPerRepetitionJ: 250.025 / 4 })
    expect(found).toMatchObject({ name: 'load', trial: 2, gpuIndex: 3, durationMs: 2000, coveredMs: 1999 })
    expect(found).toMatchObject({ samples: 20, achievedHz: 9.5, uniqueValues: 11, sensorUpdates: 15 })
    expect(found).toMatchObject({ meanW: 150, peakW: 210, settledMeanW: 155, powerCappedFraction: 0.5 })
    expect(found).toMatchObject({ counterJ: null, counterDifference: null })
  })

  it('is compared with a counter only where there is no gap and something was measured', () => {
    expect(of(330).counterDifference).toBe(0.1)
    expect(of(270).counterDifference).toBe(-0.1)
    expect(of(330, { whole: { ...readings.whole, gapCount: 1 } })).toMatchObject({
      counterJ: 330,
      counterDifference: null
    })
    for (const energyJ of [0, NaN])
      expect(of(330, { whole: { ...readings.whole, energyJ } }).counterDifference).toBeNull()
    const none = of(null, { whole: { ...readings.whole, energyJ: NaN, meanW: NaN, peakW: NaN } })
    expect([none.totalJ, none.idleJ, none.netJ, none.meanW, none.peakW]).toEqual(Array(5).fill(null))
    expect(none.totalPerRepetitionJ).toBeNull()
  })

  it('counts what was left out from its first to its last instant', () => {
    expect(of(null, {}, [999, 1000, 2000, 3000, 3001]).implausible).toBe(3)
  })

  it('has flags from ten readings on, and none for a length of exactly ten windows', () => {
    const codes = (count: number, uniqueValues: number): string[] =>
      phaseFlags(phase, { ...readings.counts, readings: count, uniqueValues }, 2000, sensor, {
        ...{ counterJ: null, counterDifference: null, implausible: 0, throttling: readings.throttling }
      }).map(({ code }) => code)
    // A sensor with too few readings is called short, and only with enough of them stuck.
    expect(codes(10, 2)).toEqual(['data.invalid'])
    expect(codes(11, 2)).toEqual(['data.invalid'])
    expect(codes(9, 2)).toEqual(['energy.tooShort'])
    expect(shortestPhaseMs(sensor)).toBe(10 * 100)
  })
})

describe('readings of a phase', () => {
  it('settle behind window and period; everything from the first to the last instant counts', () => {
    const meter = createPhaseMeter(phase, 500, 400, [])
    expect(meter.startsAtMs).toBe(600)
    // 100 W to 1500 ms, then 200 W: trapezoids (100 x 0.5) + 0 + (200 x 1.5), a step without width between readings.
    const tMs = Float64Array.of(900, 1000, 1250, 1499.5, 1500, 1750, 2000, 2250, 2500, 2750, 3000, 3100)
    const powerW = tMs.map((t) => (t < 1500 ? 100 : 200))
    meter.add({ tMs, powerW, mask: tMs.map(() => 0) })
    const { whole, settledMeanW, counts, throttling } = meter.result()
    expect(whole.energyJ).toBeCloseTo(0.1 * 499.5 + 0.15 * 0.5 + 0.2 * 1500, 9)
    expect(whole).toMatchObject({ coveredMs: 2000, gapCount: 0, peakW: 200, samples: 10 })
    expect(settledMeanW).toBe(200)
    expect(counts).toEqual({ readings: 10, uniqueValues: 2, changes: 1, achievedHz: 4.5 })
    expect(throttling).toEqual({ throttledFraction: 0, powerCappedFraction: 0, reasons: [] })
    expect([meter.isComplete(3000), meter.isComplete(3100)]).toEqual([false, true])
  })

  it('have no settled mean where the phase is no longer than the head that is left out', () => {
    const meter = createPhaseMeter(phase, 2000, 400, [])
    const tMs = Float64Array.from({ length: 30 }, (_, at) => 500 + 100 * at)
    meter.add({ tMs, powerW: tMs.map(() => 50), mask: tMs.map(() => 0) })
    expect(meter.result().settledMeanW).toBeNaN()
    expect(meter.result().whole.energyJ).toBe(100)
  })

  it('have a rate from two on, and none where they all carry one time', () => {
    const count = (tMs: number[], powerW: number[]) => {
      const counter = createReadingCounter(0, 1000)
      counter.add(tMs, powerW)
      return counter.result()
    }
    expect(count([], [])).toEqual({ readings: 0, uniqueValues: 0, changes: 0, achievedHz: null })
    expect(count([10], [5])).toEqual({ readings: 1, uniqueValues: 1, changes: 0, achievedHz: null })
    expect(count([0, 1000], [5, 5])).toEqual({ readings: 2, uniqueValues: 1, changes: 0, achievedHz: 1 })
    expect(count([10, 10], [5, 6]).achievedHz).toBeNull()
    expect(count([0, 250, 500, 750, 1001], [5, NaN, 6, 5, 9])).toEqual({
      ...{ readings: 3, uniqueValues: 2, changes: 2, achievedHz: 2000 / 750 }
    })
  })

  it('say how many were slowed down, from the first on', () => {
    const shares = (masks: number[]) => {
      const meter = createThrottleMeter(0, 100)
      meter.add(
        masks.map((_, at) => at),
        masks
      )
      return meter.result()
    }
    expect(shares([])).toEqual({ throttledFraction: null, powerCappedFraction: null, reasons: [] })
    expect(shares([0x8])).toEqual({
      ...{ throttledFraction: 1, powerCappedFraction: 0, reasons: ['hardware slowdown'] }
    })
    expect(shares([0x4])).toEqual({ throttledFraction: 0, powerCappedFraction: 1, reasons: [] })
    const all = shares([0x8, 0x20, 0x40, 0x80, 0, NaN])
    expect(all.throttledFraction).toBe(0.8)
    expect(all.reasons).toEqual([
      ...['hardware slowdown', 'software thermal slowdown', 'hardware thermal slowdown', 'power brake']
    ])
    // Idle, application clocks, sync boost, display: no fault of a measurement.
    for (const harmless of [0x1, 0x2, 0x10, 0x100]) expect(shares([harmless]).throttledFraction).toBe(0)
  })
})

describe('what cannot be power', () => {
  const isOut = (powerW: number[], limitW: number | null): boolean =>
    implausibleReadings(powerW, limitW, 1, 2)[0] === 1
  it('is judged at each limit itself and one step beyond it', () => {
    expect([isOut([100, 600, 100], 400), isOut([100, 600.1, 600], 400)]).toEqual([true, true])
    expect([isOut([300, 600, 300], 400), isOut([299.9, 600, 100], 400)]).toEqual([false, true])
    expect([isOut([1, 400, 1], 400), isOut([1, 400.1, 1], 400)]).toEqual([false, true])
    expect([isOut([2900, 3000, 2900], 3000), isOut([3000, 3001, 3000], 3000)]).toEqual([false, true])
    expect([isOut([1, 1000, 1], null), isOut([1, 1000.1, 1], null)]).toEqual([false, true])
    expect([isOut([5, 0, 6], 400), isOut([5.1, 0, 5.1], 400), isOut([6, 0, 5], 400)]).toEqual([
      false,
      true,
      false
    ])
    expect([isOut([0, -0.1, 0], null), isOut([0, 0, 0], null)]).toEqual([true, false])
    // Without both neighbours nothing says that it is a spike.
    expect([isOut([NaN, 500, NaN], 400), isOut([NaN, 500, 100], 400)]).toEqual([false, false])
  })

  it('is the same whatever the size of the blocks, and every reading is passed on once', () => {
    const powerW = Array.from({ length: 40 }, (_, at) => [90, 700, 0, 95, 91, -2, 92][(at * 5) % 7]!)
    const expected = implausibleReadings(powerW, 300)
    expect(expected.length).toBeGreaterThan(10)
    for (const size of [3, 4, 7, 39, 40, 41]) {
      const passed: number[][] = []
      const blocks = createPlausibleBlocks(size, 300, ({ tMs, powerW: kept, mask }) =>
        tMs.forEach((t, at) => passed.push([t, kept[at]!, mask[at]!]))
      )
      powerW.forEach((power, at) => blocks.add(10 * at, power, at % 3))
      blocks.end()
      expect(passed.map(([t]) => t)).toEqual(powerW.map((_, at) => 10 * at))
      expect(passed.map(([, , mask]) => mask)).toEqual(powerW.map((_, at) => at % 3))
      expect(passed.flatMap(([t, power]) => (Number.isNaN(power) ? [t! / 10] : []))).toEqual(expected)
      expect(blocks.removedMs).toEqual(expected.map((at) => 10 * at))
    }
  })

  it('is nothing for a power meter', () => {
    const passed: number[] = []
    const blocks = createPlausibleBlocks(4, 'any', ({ powerW }) => passed.push(...powerW))
    for (const power of [-1, 9000, 0, -5, 3]) blocks.add(passed.length, power, NaN)
    blocks.end()
    expect(passed).toEqual([-1, 9000, 0, -5, 3])
  })
})

describe('a mean over trials', () => {
  it('has the interval of the t table', () => {
    // Mean 4, deviations -2, 0, 2: s = 2, and t(0.975; 2) = 4.302653.
    const found = intervalOf([2, 4, 6], 0.95)!
    expect(found).toMatchObject({ mean: 4, standardDeviation: 2, trials: 3 })
    expect(found.high - 4).toBeCloseTo((4.302653 * 2) / Math.sqrt(3), 5)
    expect(4 - found.low).toBeCloseTo((4.302653 * 2) / Math.sqrt(3), 5)
    // t(0.95; 1) = 6.313752.
    expect(intervalOf([1, 3], 0.9)!.high).toBeCloseTo(2 + 6.313752, 5)
    expect([intervalOf([1], 0.95), intervalOf([], 0.95)]).toEqual([null, null])
  })
})

describe('a counter that moves in steps', () => {
  const read = counterReader({
    tMs: Float64Array.of(0, 50, 100, 150, 200, 300, 400),
    energyJ: Float64Array.of(7, 7, 17, 17, 27, 27, 27)
  })
  it('is read where it was seen to move; behind the last step nothing is added', () => {
    expect([read(0, 100), read(100, 200), read(0, 50), read(150, 250)]).toEqual([10, 10, 5, 5])
    expect([read(200, 400), read(0, 400), read(0, 401), read(-1, 100)]).toEqual([0, 20, null, null])
  })
})

describe('the timing of a sensor', () => {
  it('is the published one, and the slowest where none is', () => {
    const known = (name: string, field: string) => {
      const found = sensorOf(name, field)
      return [found.family, found.updatePeriodMs, found.averagingWindowMs, found.seenFraction, found.basis]
    }
    expect(known('NVIDIA A100-SXM4-40GB', 'power.draw')).toEqual(['Ampere GA100', 100, 25, 0.25, 'published'])
    expect(known('NVIDIA A30', 'power.draw')).toEqual(['Ampere GA100', 100, 25, 0.25, 'sameArchitecture'])
    expect(known('NVIDIA H100 PCIe', 'power.draw')).toEqual(['Hopper', 100, 1000, 1, 'documented'])
    expect(known('NVIDIA GeForce RTX 3090', 'power.draw.instant')).toEqual([
      ...['Ampere GA10x', 100, 100, 1, 'published']
    ])
    expect(known('Tesla V100-SXM2-16GB', 'power.draw')).toEqual(['Volta', 20, 10, 0.5, 'sameArchitecture'])
    expect(known('NVIDIA GeForce GTX 1080', 'power.draw')).toEqual(['Pascal', 20, 10, 0.5, 'published'])
    expect(known('none', 'power.draw')).toEqual([null, null, null, null, 'unknown'])
    expect(timingOf(sensorOf('none', null))).toEqual({
      ...{ updatePeriodMs: 100, averagingWindowMs: 1000, partTime: false }
    })
    expect(timingOf(sensor)).toEqual({ updatePeriodMs: 100, averagingWindowMs: 25, partTime: true })
    expect([shortestPhaseMs(sensorOf('none', null)), shortestPhaseMs(sensorOf('x', 'meter'))]).toEqual([
      10_000, 0
    ])
    expect(shortestPhaseMs(sensorOf('Tesla V100-SXM2-16GB', 'power.draw'))).toBe(200)
  })
})
