import type { PhaseMark } from '../../shared/contract/gpu'
import { createPowerIntegral, type Break, type Integral } from './powerIntegral'
import { createReadingCounter, type ReadingBlock, type ReadingCount } from './powerTrace'
import { createThrottleMeter, type Throttling } from './throttle'

/** What the readings of one GPU during one phase amount to. */
export interface PhaseReadings {
  readonly whole: Integral
  /** Mean power behind the head that the sensor still mixes with what was before, W; NaN without readings there. */
  readonly settledMeanW: number
  readonly counts: ReadingCount
  readonly throttling: Throttling
}

/** Measures one phase of readings that come in blocks, in the order of time. */
export interface PhaseMeter {
  readonly phase: PhaseMark
  /** Readings from here on count, ms. */
  readonly startsAtMs: number
  add(block: ReadingBlock): void
  /** Whether no reading after `tMs` can change the result. */
  isComplete(tMs: number): boolean
  result(): PhaseReadings
}

/**
 * @param settlingMs head of the phase without a settled reading: the sensor's averaging window and update period
 * @param gapAfterMs see gapAfterMsOf
 */
export function createPhaseMeter(
  phase: PhaseMark,
  settlingMs: number,
  gapAfterMs: number,
  gaps: readonly Break[]
): PhaseMeter {
  const { fromMs, toMs } = phase
  const whole = createPowerIntegral(fromMs, toMs, gapAfterMs, gaps)
  const settled =
    fromMs + settlingMs < toMs ? createPowerIntegral(fromMs + settlingMs, toMs, gapAfterMs, gaps) : null
  const counter = createReadingCounter(fromMs, toMs)
  const throttle = createThrottleMeter(fromMs, toMs)
  return {
    phase,
    startsAtMs: fromMs - gapAfterMs,
    add({ tMs, powerW, mask }) {
      whole.add(tMs, powerW)
      settled?.add(tMs, powerW)
      counter.add(tMs, powerW)
      throttle.add(tMs, mask)
    },
    isComplete: (tMs) => tMs > toMs && (whole.isComplete() || tMs > toMs + gapAfterMs),
    result: () => ({
      whole: whole.result(),
      settledMeanW: settled?.result().meanW ?? NaN,
      counts: counter.result(),
      throttling: throttle.result()
    })
  }
}
