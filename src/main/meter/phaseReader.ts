import { setTimeout as pause } from 'node:timers/promises'
import { readingsNeeded } from '../../core/energy/phaseFlags'
import { gapAfterMsOf } from '../../core/energy/powerTrace'
import { createPowerIntegral, type Break, type Integral } from '../../core/energy/powerIntegral'
import { metricAt, type GpuSample } from '../../core/gpu/metrics'
import { hostReadingClock, type ReadingClock } from '../../core/gpu/readingClock'
import { firstNotBefore } from '../../core/math/firstNotBefore'
import { workTailMs } from '../../core/meter/workTail'
import { AppError } from '../../shared/errors'
import type { MeterDevice } from './meterDevice'

/** Energy around a piece of work, all of it: nothing is taken off. */
export interface MeteredPhase {
  energyJ: number
  /** Time that the energy was summed up over: that of the work and a rest behind it. */
  windowMs: number
  /** Of the work. */
  durationMs: number
}

/** An open meter whose readings are integrated over what is run meanwhile; nothing is stored. */
export interface PhaseReader {
  readonly name: string
  readonly origin: MeterDevice['origin']
  /** Clock of the readings, ms. */
  nowMs(): number
  /** Runs work and returns the energy from its begin until its last reading has surely come. One at a time. @throws meter.silent, energy.tooShort, what the work throws */
  phase(work: () => Promise<unknown>): Promise<MeteredPhase>
  /** The same of a rest, which begins when the tail of work before it is over: the time in which a simulated board waits counts. */
  rest(durationMs: number, signal: AbortSignal): Promise<MeteredPhase>
  close(): Promise<void>
}

/** How long readings of the end of a phase are waited for, ms. */
const lateMs = 30_000
/** Readings that are kept at least while nothing is measured, ms: the last one before a phase begins must be among them. */
const minKeptMs = 1_000
const pollMs = 2
/** Least rest behind a phase, ms. */
const minSettleMs = 20
/** Share of a phase that readings must cover. */
const minCovered = 0.98

/** Readings that are held, oldest first, with the stretches in which the meter lost some: those are not joined. */
function createReadings(gapAfterMs: number) {
  let tMs: number[] = []
  let powerW: number[] = []
  let breaks: Break[] = []
  return {
    add(samples: readonly GpuSample[]): void {
      for (const { tMs: t, values } of samples) {
        tMs.push(t)
        powerW.push(values[metricAt.powerW])
      }
    },
    lose({ fromMs, toMs }: Break): void {
      breaks.push({ fromMs, toMs })
    },
    drop(beforeMs: number): void {
      breaks = breaks.filter(({ toMs }) => toMs >= beforeMs)
      const first = firstNotBefore(tMs, beforeMs)
      tMs = tMs.slice(first)
      powerW = powerW.slice(first)
    },
    count: () => tMs.length,
    lastMs: () => tMs[tMs.length - 1],
    between(fromMs: number, toMs: number): Integral {
      const integral = createPowerIntegral(fromMs, toMs, gapAfterMs, breaks)
      integral.add(tMs, powerW)
      return integral.result()
    }
  }
}

/** What is measured begins at a time of the readings; the result is called with its end. */
export type OnMeasured = (what: 'work' | 'rest', fromMs: number) => (toMs: number) => void

/** Starts a meter and waits for its first reading. @throws meter.silent */
export async function openPhaseReader(
  device: MeterDevice,
  steadyMs: () => number,
  onMeasured: OnMeasured = () => () => undefined
): Promise<PhaseReader> {
  const clock: ReadingClock = device.clock ?? hostReadingClock(steadyMs)
  const gapAfterMs = gapAfterMsOf(device.intervalMs)
  const keptMs = Math.max(minKeptMs, gapAfterMs)
  const readings = createReadings(gapAfterMs)
  let isMeasuring = false
  let failure: AppError | null = null
  const sampler = device.start({
    onSamples(samples) {
      readings.add(samples)
      if (!isMeasuring && readings.count() > 10_000) readings.drop(readings.lastMs() - keptMs)
    },
    onGap: (gap) => readings.lose(gap),
    onMark: () => undefined,
    onState: ({ error }) => void (failure = error)
  })
  /** Waits until the meter has measured up to a time. */
  const measuredUntil = async (untilMs: number): Promise<void> => {
    for (const fromMs = steadyMs(); !(readings.count() > 0 && readings.lastMs() >= untilMs);) {
      if (failure !== null) throw failure
      if (steadyMs() - fromMs > lateMs) throw silent(device.name)
      await pause(pollMs)
    }
  }
  // Readings are placed on the clock a little late: what is drawn at the end of work is in them behind its end.
  const settleMs = Math.max(minSettleMs, 3 * device.intervalMs)
  const measure = async (work: () => Promise<unknown>, leaveOut: boolean): Promise<MeteredPhase> => {
    readings.drop(clock.nowMs() - keptMs)
    isMeasuring = true
    try {
      const fromMs = clock.nowMs()
      const over = onMeasured(leaveOut ? 'work' : 'rest', fromMs)
      const count = leaveOut ? clock.leaveOutWaiting() : () => undefined
      await work().finally(() => {
        count()
        over(clock.nowMs())
      })
      const toMs = clock.nowMs()
      await clock.caughtUp()
      const untilMs = leaveOut ? toMs + settleMs : toMs
      await measuredUntil(untilMs)
      const { energyJ, coveredMs, gapCount, samples } = readings.between(fromMs, untilMs)
      const [windowMs, durationMs] = [untilMs - fromMs, toMs - fromMs]
      if (samples < readingsNeeded || gapCount > 0 || coveredMs < minCovered * windowMs)
        throw tooShort(device.name, samples, windowMs)
      return { energyJ, windowMs, durationMs }
    } finally {
      isMeasuring = false
    }
  }
  const close = async (): Promise<void> => {
    await sampler.stop()
    await device.close()
  }
  try {
    await measuredUntil(-Infinity)
  } catch (cause) {
    await close().catch(() => undefined)
    throw cause
  }
  return {
    name: device.name,
    origin: device.origin,
    nowMs: () => clock.nowMs(),
    phase: (work) => measure(work, true),
    async rest(durationMs, signal) {
      await pause(workTailMs, undefined, { signal })
      return await measure(() => pause(durationMs, undefined, { signal }), false)
    },
    close
  }
}

function silent(name: string): AppError {
  return new AppError(
    'meter.silent',
    `${name} sent no reading for ${lateMs / 1000} s.`,
    'Check its cable and that it is switched on; `bitbench meter read` shows what it sends.'
  )
}

function tooShort(name: string, samples: number, durationMs: number): AppError {
  return new AppError(
    'energy.tooShort',
    `${name} gave ${samples} usable readings in ${durationMs.toFixed(1)} ms; at least ${readingsNeeded} without a gap are needed.`,
    'Let trials last longer (--trial), or choose a meter that reads faster.'
  )
}
