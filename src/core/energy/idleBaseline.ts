import type { IdleBaseline } from '../../shared/contract/energy'
import type { PhaseMark } from '../../shared/contract/gpu'
import { firstNotBefore } from '../math/firstNotBefore'
import { createPowerIntegral, type PowerIntegral } from './powerIntegral'
import type { PowerTrace, ReadingBlock } from './powerTrace'

/** Name of a phase that a command marks to say "the GPU is set up and does nothing". */
export const idlePhaseName = 'idle'
/** Fewer readings than this are no baseline. */
const minReadings = 5

/** A baseline that takes its readings block by block, in the order of time. */
export interface BaselineMeter {
  add(block: Pick<ReadingBlock, 'tMs' | 'powerW'>): void
  result(): IdleBaseline
}

/**
 * Power of the GPU at rest: from a phase named "idle" where the command marked one (set up, context alive, nothing
 * running: the fairer baseline), else from the rest before the command (`restMs` from the recording's start). The head
 * of the stretch is left out as far as the sensor still averages over what was before it.
 */
export function idleBaselineOf(
  trace: PowerTrace,
  phases: readonly PhaseMark[],
  restMs: number,
  averagingWindowMs: number
): BaselineMeter {
  const marked = phases.find((phase) => phase.name === idlePhaseName)
  const stretch =
    marked === undefined ? { fromMs: 0, toMs: restMs } : { fromMs: marked.fromMs, toMs: marked.toMs }
  return baselineOf(
    trace,
    stretch.fromMs + averagingWindowMs,
    stretch.toMs,
    marked === undefined ? 'rest' : 'phase'
  )
}

/**
 * Power of the GPU at rest behind the work: from a later phase named "idle", where one was marked behind all other
 * phases, else from the rest after the command, which ended at `fromMs`.
 */
export function idleAfterOf(
  trace: PowerTrace,
  phases: readonly PhaseMark[],
  fromMs: number,
  toMs: number,
  averagingWindowMs: number
): BaselineMeter {
  const marked = markedAfter(phases)
  return baselineOf(trace, (marked?.fromMs ?? fromMs) + averagingWindowMs, marked?.toMs ?? toMs, 'after')
}

/** The last phase named "idle", if it lies behind work that came after the first one. */
function markedAfter(phases: readonly PhaseMark[]): PhaseMark | undefined {
  const idle = phases.filter((phase) => phase.name === idlePhaseName)
  const last = idle.at(-1)
  const work = phases.filter((phase) => phase.name !== idlePhaseName)
  if (idle.length < 2 || last === undefined || work.length === 0) return undefined
  return work.every((phase) => phase.toMs <= last.fromMs) ? last : undefined
}

function baselineOf(
  { gpuIndex, gaps, gapAfterMs }: PowerTrace,
  fromMs: number,
  toMs: number,
  basis: IdleBaseline['basis']
): BaselineMeter {
  let samples = 0
  let mean = 0
  let squares = 0
  let integral: PowerIntegral | null = null
  /** Welford's running mean and sum of squared deviations. */
  const take = (power: number): void => {
    samples++
    const difference = power - mean
    mean += difference / samples
    squares += difference * (power - mean)
  }
  return {
    add({ tMs, powerW }) {
      const first = firstNotBefore(tMs, fromMs)
      const behind = firstNotBefore(tMs, toMs)
      for (let i = first; i < behind; i++) {
        if (Number.isNaN(powerW[i])) continue
        // From reading to reading: interpolating to the end would let the first reading under load into the baseline.
        integral ??= createPowerIntegral(tMs[i], Infinity, gapAfterMs, gaps)
        take(powerW[i])
      }
      integral?.add(tMs.subarray(first, behind), powerW.subarray(first, behind))
    },
    result() {
      const none = { gpuIndex, powerW: null, standardDeviationW: null, samples: 0, fromMs, toMs }
      const meanW = integral?.result().meanW ?? NaN
      if (toMs <= fromMs || samples < minReadings || Number.isNaN(meanW)) return { ...none, basis: 'none' }
      const standardDeviationW = Math.sqrt(squares / (samples - 1))
      return { gpuIndex, powerW: meanW, standardDeviationW, samples, fromMs, toMs, basis }
    }
  }
}
