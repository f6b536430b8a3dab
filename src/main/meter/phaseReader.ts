import { setTimeout as pause } from 'node:timers/promises'
import { idlePhaseName } from '../../core/energy/idleBaseline'
import { readingsNeeded } from '../../core/energy/phaseFlags'
import { gapAfterMsOf } from '../../core/energy/powerTrace'
import { createPowerIntegral, type Break, type Integral } from '../../core/energy/powerIntegral'
import { metricAt, type GpuSample } from '../../core/gpu/metrics'
import { hostReadingClock, type ReadingClock } from '../../core/gpu/readingClock'
import { firstNotBefore } from '../../core/math/firstNotBefore'
import { workTailMs } from '../../core/meter/workTail'
import { AppError } from '../../shared/errors'
import type { MeterDevice } from './meterDevice'

/** What a piece of work is called among the phases, and how often it is repeated in it; null: not said. */
export interface MeteredWork {
  name: string
  repetitions: number | null
}

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
  phase(work: () => Promise<unknown>, of?: MeteredWork): Promise<MeteredPhase>
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
export type OnMeasured = (of: MeteredWork, fromMs: number) => (toMs: number) => void

const unnamed: MeteredWork = { name: 'work', repetitions: null }
const atRest: MeteredWork = { name: idlePhaseName, repetitions: null }

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
  const measuredUntil = (untilMs: number): Promise<void> =>
    waitUntilMeasured(untilMs, readings, () => failure, device.name, steadyMs)
  // Readings are placed on the clock a little late: what is drawn at the end of work is in them behind its end.
  const settleMs = Math.max(minSettleMs, 3 * device.intervalMs)
  const measure = async (
    work: () => Promise<unknown>,
    of: MeteredWork,
    leaveOut: boolean
  ): Promise<MeteredPhase> => {
    readings.drop(clock.nowMs() - keptMs)
    isMeasuring = true
    try {
      const fromMs = clock.nowMs()
      const over = onMeasured(of, fromMs)
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
    phase: (work, of = unnamed) => measure(work, of, true),
    async rest(durationMs, signal) {
      await pause(workTailMs, undefined, { signal })
      return await measure(() => pause(durationMs, undefined, { signal }), atRest, false)
    },
    close
  }
}

/** Waits until the meter has measured up to a time. @throws meter.silent, and what it failed of */
async function waitUntilMeasured(
  untilMs: number,
  readings: ReturnType<typeof createReadings>,
  failure: () => AppError | null,
  name: string,
  steadyMs: () => number
): Promise<void> {
  for (const fromMs = steadyMs(); !(readings.count() > 0 && readings.lastMs() >= untilMs);) {
    const failed = failure()
    if (failed !== null) throw failed
    if (steadyMs() - fromMs > lateMs) throw silent(name)
    await pause(pollMs)
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
