import type { IdleBaseline } from '../../shared/contract/energy'
import type { PhaseMark } from '../../shared/contract/gpu'
import { firstNotBefore } from '../math/firstNotBefore'
import { integratePower } from './integratePower'
import type { PowerTrace } from './powerTrace'

/** Name of a phase that a command marks to say "the GPU is set up and does nothing". */
export const idlePhaseName = 'idle'
/** Fewer readings than this are no baseline. */
const minReadings = 5

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
): IdleBaseline {
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
): IdleBaseline {
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
  trace: PowerTrace,
  fromMs: number,
  toMs: number,
  basis: IdleBaseline['basis']
): IdleBaseline {
  const none = { gpuIndex: trace.gpuIndex, powerW: null, standardDeviationW: null, samples: 0, fromMs, toMs }
  if (toMs <= fromMs) return { ...none, basis: 'none' }
  const readings: number[] = []
  let firstMs = NaN
  let lastMs = NaN
  for (let i = firstNotBefore(trace.tMs, fromMs); i < trace.tMs.length; i++) {
    const t = trace.tMs[i]
    if (t >= toMs) break
    if (Number.isNaN(trace.powerW[i])) continue
    if (readings.length === 0) firstMs = t
    lastMs = t
    readings.push(trace.powerW[i])
  }
  if (readings.length < minReadings) return { ...none, basis: 'none' }
  // From reading to reading: interpolating to the end would let the first reading under load into the baseline.
  const { meanW } = integratePower(trace.tMs, trace.powerW, firstMs, lastMs, trace.gapAfterMs, trace.gaps)
  if (Number.isNaN(meanW)) return { ...none, basis: 'none' }
  const mean = readings.reduce((sum, value) => sum + value, 0) / readings.length
  const squares = readings.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return {
    gpuIndex: trace.gpuIndex,
    powerW: meanW,
    standardDeviationW: Math.sqrt(squares / (readings.length - 1)),
    samples: readings.length,
    fromMs,
    toMs,
    basis
  }
}
