import { describe, expect, it } from 'vitest'
import { maxSpread, summariseTrials } from '@core/energy/trialSummary'
import { sensorOf } from '@core/energy/sensorModel'
import type { PhaseEnergy } from '@shared/contract/energy'
import { AppError } from '@shared/errors'

/** Sees 25 ms of every 100 ms: four trials are needed. */
const partTime = sensorOf('NVIDIA A100-SXM4-40GB', 'power.draw.instant')
/** A meter that sees all of the time: three are enough. */
const wholeTime = { ...partTime, seenFraction: 1 } as typeof partTime

const trial = (change: Partial<PhaseEnergy> = {}): PhaseEnergy =>
  ({
    ...{ name: 'load', gpuIndex: 0, durationMs: 2_000, repetitions: null, totalJ: 100, netJ: 60, meanW: 50 },
    ...{ totalPerRepetitionJ: null, netPerRepetitionJ: null, flags: [], powerCappedFraction: 0 },
    ...change
  }) as unknown as PhaseEnergy
const trials = (count: number, change: Partial<PhaseEnergy> = {}): PhaseEnergy[] =>
  Array.from({ length: count }, () => trial(change))
const verdictOf = (of: PhaseEnergy[], sensor = partTime): string => summariseTrials(of, sensor, 0.95).verdict

describe('the verdict on the trials of a phase', () => {
  it('asks for four trials on a sensor that sees part of the time', () => {
    expect(verdictOf(trials(4))).toBe('VALID')
    expect(verdictOf(trials(3))).toBe('INVALID')
    const [reason] = summariseTrials(trials(1, { durationMs: 9_000 }), partTime, 0.95).reasons
    expect(reason!.message).toBe('1 trial; 4 are needed on a sensor that sees part of the time.')
  })

  it('says how a user gets more trials, who marks phases or lets them be marked', () => {
    const hintOf = (moreTrials?: string): string =>
      summariseTrials(trials(2), wholeTime, 0.95, [], [], moreTrials).reasons[0]!.hint
    expect(hintOf()).toMatch(/^Mark the phase several times/)
    expect(hintOf('Measure again.')).toBe('Measure again.')
  })

  it('asks for three where the sensor sees all of it', () => {
    expect(verdictOf(trials(3), wholeTime)).toBe('VALID')
    expect(verdictOf(trials(2, { durationMs: 9_000 }), wholeTime)).toBe('INVALID')
  })

  it('asks for 5 s of load or 32 repetitions in all, and either is enough', () => {
    expect(verdictOf(trials(4, { durationMs: 1_250 }))).toBe('VALID')
    expect(verdictOf(trials(4, { durationMs: 1_249 }))).toBe('INVALID')
    const repeated = { durationMs: 100, totalPerRepetitionJ: 12.5, netPerRepetitionJ: 7.5 }
    expect(verdictOf(trials(4, { ...repeated, repetitions: 8 }))).toBe('VALID')
    expect(verdictOf(trials(4, { ...repeated, repetitions: 7 }))).toBe('INVALID')
  })

  it('allows a spread of 5 % of the mean', () => {
    // Standard deviation of 100 - d, 100 - d, 100 + d, 100 + d is d sqrt(4 / 3).
    const spreadBy = (share: number): PhaseEnergy[] =>
      [-1, -1, 1, 1].map((sign) => trial({ totalJ: 100 + (sign * share * 100) / Math.sqrt(4 / 3) }))
    expect(summariseTrials(spreadBy(0.0499), partTime, 0.95)).toMatchObject({ verdict: 'VALID' })
    expect(summariseTrials(spreadBy(0.0499), partTime, 0.95).spread).toBeCloseTo(0.0499, 9)
    expect(verdictOf(spreadBy(0.0501))).toBe('INVALID')
    expect(maxSpread).toBe(0.05)
  })

  it('rejects a trial without a figure, and says each doubt once', () => {
    const flag = new AppError('energy.throttled', 'The clocks were held down.', 'Cool it.')
    const found = summariseTrials(
      [...trials(3, { flags: [flag] as never }), trial({ totalJ: null, netJ: null })],
      partTime,
      0.95
    )
    expect(found.reasons.map(({ message }) => message)).toEqual([
      'No energy figure in 1 trial.',
      'The clocks were held down. (and 2 more)'
    ])
    expect([found.trials, found.totalJ?.mean, found.netJ]).toEqual([4, 100, null])
  })

  it('notes the power limit above a tenth of a trial, without rejecting', () => {
    const noted = (powerCappedFraction: number): string[] =>
      summariseTrials([...trials(3), trial({ powerCappedFraction })], partTime, 0.95, [], ['first']).notes
    expect(noted(0.1)).toEqual(['first'])
    expect(noted(0.11)).toHaveLength(2)
    expect(noted(0.11)[1]).toContain('up to 11 % of a trial')
  })

  it('is per repetition only where every trial counts them', () => {
    const counted = { repetitions: 10, totalPerRepetitionJ: 10, netPerRepetitionJ: 6 }
    expect(summariseTrials(trials(4, counted), partTime, 0.95)).toMatchObject({
      per: 'repetition',
      totalJ: { mean: 10 },
      netJ: { mean: 6 }
    })
    expect(summariseTrials([...trials(3, counted), trial()], partTime, 0.95)).toMatchObject({
      per: 'trial',
      totalJ: { mean: 100 },
      netJ: { mean: 60 }
    })
  })
})
