import { describe, expect, it } from 'vitest'
import { wholePhaseName } from '@core/energy/traceAnalyser'
import { implausibleReadings } from '@core/energy/plausible'
import { gapAfterMsOf } from '@core/energy/powerTrace'
import { sensorOf, sensorModels } from '@core/energy/sensorModel'
import { createRandom } from '@core/math/random'
import type { PhaseMark } from '@shared/contract/gpu'
import {
  analyseTrace,
  countReadings,
  integratePower,
  throttlingOf,
  type WholeTrace
} from '../../../support/wholeTrace'

const restMs = 5000
const a100 = sensorOf('NVIDIA A100-SXM4-40GB', 'power.draw')

/** 50 W at rest, `loadW` during the given phases, readings each 100 ms with a ripple of +-1 W. */
function traceOf(
  durationMs: number,
  phases: readonly PhaseMark[],
  loadW: (phase: PhaseMark) => number
): WholeTrace {
  const random = createRandom(2)
  const tMs = Float64Array.from({ length: durationMs / 100 + 1 }, (_, i) => i * 100)
  const powerW = tMs.map((t) => {
    const phase = phases.find(({ fromMs, toMs }) => t >= fromMs && t <= toMs)
    return (phase === undefined ? 50 : loadW(phase)) + 2 * random.next() - 1
  })
  return { gpuIndex: 0, tMs, powerW, gaps: [], gapAfterMs: gapAfterMsOf(100) }
}

const trials = (count: number, lengthMs: number, repetitions: number | null = null): PhaseMark[] =>
  Array.from({ length: count }, (_, i) => {
    const fromMs = restMs + 500 + i * (lengthMs + 700)
    return { name: 'fp16', trial: i + 1, fromMs, toMs: fromMs + lengthMs, repetitions, ended: true }
  })

describe('analyseTrace', () => {
  it('gives total, idle and net of each trial and calls four equal trials VALID', () => {
    const marks = trials(4, 2000, 10)
    const trace = traceOf(20_000, marks, () => 250)
    const { idle, phases, summaries } = analyseTrace(trace, marks, restMs, 18_000, a100, 0.95)
    expect(idle.basis).toBe('rest')
    expect(idle.powerW).toBeCloseTo(50, 0)
    const first = phases.find((phase) => phase.name === 'fp16')!
    expect(first.totalJ).toBeCloseTo(500, -1)
    expect(first.netJ! + first.idleJ!).toBeCloseTo(first.totalJ!, 9)
    expect(first.netJ).toBeCloseTo(400, -1)
    expect(first.netPerRepetitionJ).toBeCloseTo(first.netJ! / 10, 9)
    expect(first.flags).toEqual([])
    expect(first.achievedHz).toBeCloseTo(10, 6)
    expect(phases[0]!.name).toBe(wholePhaseName)
    expect(summaries).toHaveLength(1)
    expect(summaries[0]).toMatchObject({ verdict: 'VALID', trials: 4, per: 'repetition', reasons: [] })
    expect(summaries[0]!.totalJ!.low).toBeLessThan(50)
    expect(summaries[0]!.totalJ!.high).toBeGreaterThan(49)
  })

  it('calls trials that differ INVALID and says why', () => {
    const marks = trials(4, 2000)
    const trace = traceOf(20_000, marks, (phase) => 200 + 40 * phase.trial)
    const [summary] = analyseTrace(trace, marks, restMs, 18_000, a100, 0.95).summaries
    expect(summary!.verdict).toBe('INVALID')
    expect(summary!.reasons.map((reason) => reason.message).join(' ')).toContain('Trials differ')
    expect(summary!.reasons.every((reason) => reason.hint !== '')).toBe(true)
  })

  it('asks for four trials on a sensor that sees part of the time, for fewer on one that sees all', () => {
    const marks = trials(3, 2000)
    const trace = traceOf(20_000, marks, () => 250)
    const verdictOn = (name: string) =>
      analyseTrace(trace, marks, restMs, 18_000, sensorOf(name, 'power.draw'), 0.95).summaries[0]!.verdict
    expect(verdictOn('NVIDIA A100-SXM4-40GB')).toBe('INVALID')
    expect(verdictOn('NVIDIA GeForce RTX 2080 Ti')).toBe('VALID')
  })

  it('flags a phase that is too short for the sensor', () => {
    const marks = trials(4, 300)
    const trace = traceOf(12_000, marks, () => 250)
    const { phases, summaries } = analyseTrace(trace, marks, restMs, 10_000, a100, 0.95)
    expect(phases[1]!.flags.map((flag) => flag.code)).toContain('energy.tooShort')
    expect(phases[1]!.flags[0]!.hint).toContain('repetitions')
    expect(summaries[0]!.verdict).toBe('INVALID')
    expect(phases[1]!.totalJ).not.toBeNull()
  })

  it('needs longer phases where the reading is an average over a second', () => {
    const marks = trials(4, 2000)
    const trace = traceOf(20_000, marks, () => 250)
    const flagsOn = (name: string, field: string) =>
      analyseTrace(trace, marks, restMs, 18_000, sensorOf(name, field), 0.95).phases[1]!.flags.map(
        (flag) => flag.code
      )
    expect(flagsOn('NVIDIA GeForce RTX 3090', 'power.draw')).toContain('energy.tooShort')
    expect(flagsOn('NVIDIA GeForce RTX 3090', 'power.draw.instant')).toEqual([])
    expect(flagsOn('NVIDIA Unheard-of 9', 'power.draw')).toContain('energy.tooShort')
  })

  it('flags a phase that a gap took a bite of', () => {
    const marks = trials(4, 2000)
    const full = traceOf(20_000, marks, () => 250)
    const keep = [...full.tMs.keys()].filter((i) => full.tMs[i]! < 6000 || full.tMs[i]! > 7000)
    const trace = {
      ...full,
      tMs: Float64Array.from(keep, (i) => full.tMs[i]!),
      powerW: Float64Array.from(keep, (i) => full.powerW[i]!)
    }
    const [, phase] = analyseTrace(trace, marks, restMs, 18_000, a100, 0.95).phases
    expect(phase).toMatchObject({ gapCount: 1 })
    expect(phase!.flags.map((flag) => flag.code)).toContain('data.missing')
    expect(phase!.meanW).toBeCloseTo(250, -1)
  })

  it('has no idle baseline, hence no net, where there was no rest: unavailable and not 0', () => {
    const marks = trials(4, 2000)
    const trace = traceOf(20_000, marks, () => 250)
    const { idle, phases } = analyseTrace(trace, marks, 0, 18_000, a100, 0.95)
    expect(idle).toMatchObject({ basis: 'none', powerW: null })
    expect(phases[1]).toMatchObject({ idleJ: null, netJ: null })
    expect(phases[1]!.totalJ).toBeGreaterThan(0)
  })

  it('lets no reading under load into the baseline, not even the one at its end', () => {
    const tMs = Float64Array.from({ length: 101 }, (_, i) => i * 100)
    const powerW = tMs.map((t) => (t < restMs ? 40 : 240))
    const trace: WholeTrace = { gpuIndex: 0, tMs, powerW, gaps: [], gapAfterMs: 500 }
    const { idle } = analyseTrace(trace, [], restMs, 10_000, a100, 0.95)
    expect(idle).toMatchObject({ powerW: 40, standardDeviationW: 0, basis: 'rest' })
  })

  it('prefers a phase named idle as baseline', () => {
    const idlePhase: PhaseMark = {
      name: 'idle',
      trial: 1,
      fromMs: 6000,
      toMs: 9000,
      repetitions: null,
      ended: true
    }
    const trace = traceOf(12_000, [idlePhase], () => 80)
    const { idle, summaries } = analyseTrace(trace, [idlePhase], restMs, 11_000, a100, 0.95)
    expect(idle.basis).toBe('phase')
    expect(idle.powerW).toBeCloseTo(80, 0)
    expect(summaries).toEqual([])
  })

  it('takes a later phase named idle, behind all work, as the rest after it and notes the drift', () => {
    const idleAt = (fromMs: number): PhaseMark => ({
      ...{ name: 'idle', trial: 1, fromMs, toMs: fromMs + 2000, repetitions: null, ended: true }
    })
    const work = trials(4, 2000)
    const marks = [idleAt(1000), ...work, idleAt(17_000)]
    const watts = (phase: PhaseMark): number => (phase.name !== 'idle' ? 250 : phase.fromMs < 5000 ? 50 : 60)
    const { idle, idleAfter, summaries } = analyseTrace(
      ...([traceOf(20_000, marks, watts), marks, restMs, 20_000, a100, 0.95] as const)
    )
    expect(idle.powerW).toBeCloseTo(50, 0)
    expect(idleAfter).toMatchObject({ basis: 'after', fromMs: 17_000 + 25, toMs: 19_000 })
    expect(idleAfter.powerW).toBeCloseTo(60, 0)
    expect(summaries[0]!.notes[0]).toMatch(/^At rest the GPU drew [45]\d\.\d W before and [56]\d\.\d W after/)
    // An idle phase between two pieces of work says nothing about the end.
    const between = [idleAt(1000), work[0]!, idleAt(8300), ...work.slice(2)]
    const other = analyseTrace(traceOf(20_000, between, watts), between, restMs, 20_000, a100, 0.95)
    expect(other.idleAfter.powerW).toBeNull()
  })

  it('names the power meter, not a GPU, in notes and verdicts of its recordings', () => {
    const marks = trials(3, 2000)
    const powerAt = (t: number): number => {
      const at = marks.findIndex(({ fromMs, toMs }) => t >= fromMs && t <= toMs)
      return at < 0 ? (t < 14_000 ? 0.026 : 0.033) : [0.08, 0.08, 0.1][at]!
    }
    const tMs = Float64Array.from({ length: 1601 }, (_, at) => at * 10)
    const trace = { gpuIndex: 0, tMs, powerW: tMs.map(powerAt), gaps: [], gapAfterMs: gapAfterMsOf(10) }
    const short = { name: 'short', trial: 1, fromMs: 5100, toMs: 5150, repetitions: null, ended: true }
    const { phases, summaries } = analyseTrace(
      ...([trace, [...marks, short], restMs, 14_000, sensorOf('PPK2', 'meter'), 0.95] as const),
      { powerLimitW: 'any', idleAfterMs: 2000 }
    )
    expect(phases.find(({ name }) => name === 'fp16')!.totalJ).toBeCloseTo(0.16, 6)
    const work = summaries.find(({ name }) => name === 'fp16')!
    expect(work.notes).toEqual([
      'At rest the power meter read 0.026 W before and 0.033 W after the run; net figures use the one before.'
    ])
    // Standard deviation of 0.16, 0.16 and 0.2 J by their mean: 13.3 %; one value in a phase is a stuck reading.
    expect(work.reasons.map(({ message }) => message)).toEqual([
      'Trials differ by 13.3 % (standard deviation); 5 % is allowed.',
      'The power reading took only 1 value during phase "fp16". (and 2 more)'
    ])
    const brief = summaries.find(({ name }) => name === 'short')!
    expect(brief.reasons.map(({ message }) => message).join(' ')).toContain(
      ' readings; 10 readings of the power meter are needed.'
    )
    expect(JSON.stringify(summaries)).not.toMatch(/GPU|nvidia|driver/)
  })

  it('answers unavailable power as unavailable throughout', () => {
    const marks = trials(1, 2000)
    const trace = { ...traceOf(10_000, marks, () => 1), powerW: new Float64Array(101).fill(NaN) }
    const [whole] = analyseTrace(trace, marks, restMs, 9_000, a100, 0.95).phases
    expect(whole).toMatchObject({
      totalJ: null,
      netJ: null,
      meanW: null,
      peakW: null,
      samples: 0,
      achievedHz: null
    })
  })
})

describe('readings of many blocks', () => {
  const random = createRandom(11)
  const count = 20_000
  const tMs = new Float64Array(count)
  // Every thousandth reading comes 2 s late: a gap.
  for (let at = 1; at < count; at++)
    tMs[at] = tMs[at - 1]! + (at % 1000 === 0 ? 2000 : 5 + 10 * random.next())
  const powerW = tMs.map((t) =>
    random.next() < 0.01
      ? [NaN, -5, 65_535, 0][Math.floor(4 * random.next())]!
      : 100 + Math.round(50 * Math.sin(t / 900))
  )
  const mask = tMs.map(() => [NaN, 0, 1, 0x4, 0x40, 2 ** 40][Math.floor(6 * random.next())]!)
  const trace: WholeTrace = {
    gpuIndex: 2,
    tMs,
    powerW,
    gaps: [{ fromMs: 60_000, toMs: 60_100 }],
    gapAfterMs: 500
  }
  const end = tMs.at(-1)!
  // Nested, overlapping, behind each other, out of order, and beyond the last reading.
  const marks = Array.from({ length: 60 }, (_, at): PhaseMark => {
    const fromMs = 3000 + random.next() * (end - 3000)
    return {
      name: 'work',
      trial: at + 1,
      fromMs,
      toMs: fromMs + random.next() ** 3 * end,
      repetitions: 1,
      ended: true
    }
  })
  const believed = powerW.slice()
  const removed = implausibleReadings(powerW, 300)
  for (const at of removed) believed[at] = NaN

  const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value)

  it.each([60, 900])('give what one block gives, with %i phases', (phases) => {
    const all = Array.from({ length: phases }, (_, at) => marks[at % marks.length]!)
    const found = analyseTrace(trace, all, 3000, end, a100, 0.95, { mask, powerLimitW: 300 })
    expect(found.phases.length).toBe(phases + 1)
    for (const phase of [found.phases[0]!, ...found.phases.slice(1, 61)]) {
      const { fromMs, toMs } = phase
      const integral = integratePower(tMs, believed, fromMs, toMs, 500, trace.gaps)
      const counts = countReadings({ ...trace, powerW: believed }, fromMs, toMs)
      expect(phase).toMatchObject({
        totalJ: orNull(integral.energyJ),
        coveredMs: integral.coveredMs,
        gapCount: integral.gapCount,
        peakW: orNull(integral.peakW),
        samples: counts.readings,
        uniqueValues: counts.uniqueValues,
        sensorUpdates: counts.changes,
        achievedHz: counts.achievedHz,
        implausible: removed.filter((at) => tMs[at]! >= fromMs && tMs[at]! <= toMs).length,
        throttledFraction: throttlingOf({ tMs, mask }, fromMs, toMs).throttledFraction
      })
    }
  })

  it('give a baseline of their mean and standard deviation', () => {
    const { idle } = analyseTrace(trace, [], 20_000, end, a100, 0.95, { powerLimitW: 300 })
    const rest = [...believed].filter(
      (power, at) => !Number.isNaN(power) && tMs[at]! >= idle.fromMs && tMs[at]! < 20_000
    )
    const mean = rest.reduce((sum, power) => sum + power, 0) / rest.length
    const squares = rest.reduce((sum, power) => sum + (power - mean) ** 2, 0)
    expect(idle.samples).toBe(rest.length)
    expect(idle.standardDeviationW).toBeCloseTo(Math.sqrt(squares / (rest.length - 1)), 9)
    const times = [...tMs].filter((t, at) => !Number.isNaN(believed[at]!) && t >= idle.fromMs && t < 20_000)
    expect(idle.powerW).toBeCloseTo(
      integratePower(tMs, believed, times[0]!, times.at(-1)!, 500, trace.gaps).meanW,
      9
    )
  })
})

describe('countReadings', () => {
  it('tells a sensor that repeats itself from one that moves', () => {
    const trace: WholeTrace = {
      gpuIndex: 0,
      tMs: Float64Array.from([0, 10, 20, 30, 40, 50]),
      powerW: Float64Array.from([5, 5, 5, 6, 6, 5]),
      gaps: [],
      gapAfterMs: 500
    }
    expect(countReadings(trace, 0, 50)).toEqual({ readings: 6, uniqueValues: 2, changes: 2, achievedHz: 100 })
  })
})

describe('sensorOf', () => {
  it.each([
    ['NVIDIA A100-SXM4-80GB', 'power.draw', 'Ampere GA100', 0.25, 'published'],
    ['NVIDIA H100 PCIe', 'power.draw.instant', 'Hopper', 0.25, 'published'],
    ['NVIDIA H200', 'power.draw.instant', 'Hopper', 0.25, 'sameArchitecture'],
    ['NVIDIA GeForce GTX 1080 Ti', 'power.draw', 'Pascal', 0.5, 'published'],
    ['NVIDIA GeForce RTX 2060 SUPER', 'power.draw', 'Turing', 1, 'published'],
    ['Tesla V100-SXM2-16GB', 'power.draw', 'Volta', 0.5, 'sameArchitecture'],
    ['NVIDIA L40S', 'power.draw.instant', 'Ada Lovelace', 1, 'sameArchitecture'],
    ['NVIDIA GeForce RTX 4090', 'power.draw.instant', 'Ada Lovelace', 1, 'sameArchitecture']
  ] as const)('%s %s', (name, field, family, seenFraction, basis) => {
    expect(sensorOf(name, field)).toMatchObject({ family, seenFraction, basis, source: 'arXiv 2312.02741' })
  })
  it.each([
    ['NVIDIA H100 80GB HBM3', 'Hopper'],
    ['NVIDIA L4', 'Ada Lovelace'],
    ['NVIDIA B200', 'Blackwell'],
    ['NVIDIA GeForce RTX 5090', 'Blackwell']
  ])('%s: power.draw is an average over 1 s by the documentation', (name, family) => {
    expect(sensorOf(name, 'power.draw')).toMatchObject({
      family,
      averagingWindowMs: 1000,
      basis: 'documented',
      source: 'NVML API reference, nvmlDeviceGetPowerUsage'
    })
  })
  it('asks for four trials where no measurement of the sensor is published', () => {
    expect(sensorOf('NVIDIA B200', 'power.draw.instant')).toMatchObject({
      basis: 'documented',
      seenFraction: 0.25
    })
  })
  it('claims nothing about a GPU, or a field, that nobody published', () => {
    expect(sensorOf('NVIDIA Unheard-of 9', 'power.draw')).toMatchObject({
      family: null,
      basis: 'unknown',
      source: null
    })
    expect(sensorOf('NVIDIA A100-SXM4-80GB', 'power.draw.average').basis).toBe('unknown')
    expect(sensorOf('NVIDIA A100-SXM4-80GB', null).basis).toBe('unknown')
  })
  it('has no GPU in two families', () => {
    for (const name of [
      'A100',
      'H100',
      'RTX 3090',
      'RTX 2080 Ti',
      'GTX 1080',
      'Tesla T4',
      'NVIDIA A40',
      'RTX A6000',
      'Tesla V100-PCIE-32GB',
      'NVIDIA RTX 6000 Ada Generation',
      'NVIDIA L4',
      'NVIDIA GB200',
      'NVIDIA RTX PRO 6000 Blackwell Server Edition'
    ]) {
      expect(
        sensorModels.filter((model) => model.published.test(name) || model.siblings?.test(name))
      ).toHaveLength(1)
    }
  })
})
