import { gapAfterMsOf } from '../../../core/energy/powerTrace'
import type { PowerSampler } from '../../../core/meter/powerSampler'
import type { GpuSample } from '../../../core/gpu/metrics'
import type { SmiRow } from '../../../core/gpu/parseSmi'
import { createSampleClock } from '../../../core/gpu/sampleClock'
import type { Gap } from '../../../shared/contract/gpu'
import { AppError } from '../../../shared/errors'
import { startFailed, type SmiCommand, type Spawn } from './smiProcess'
import { startSmiReadings, type SmiEnd, type SmiReadings } from './smiReadings'

/** Fields, interval and listeners of a sampler. */
export interface SmiSamplerOptions {
  smi: SmiCommand
  spawn: Spawn
  /** Query fields besides timestamp and index. */
  fields: readonly string[]
  intervalMs: number
  gpuIndexes: readonly number[] | undefined
  /** Steady clock, ms: never runs backwards. */
  nowMs: () => number
  onSamples(samples: GpuSample[]): void
  onGap(gap: Gap): void
  onState(state: SamplerState): void
}

/** State of a sampler; `backingOff` waits before nvidia-smi is started again. */
export type SamplerState =
  | { state: 'starting' | 'running' | 'stopped' }
  | { state: 'backingOff'; reason: string; waitMs: number }
  | { state: 'failed'; error: AppError }

/** An nvidia-smi that prints readings until it is stopped. */
export type SmiSampler = PowerSampler

const firstWaitMs = 250
const maxWaitMs = 10_000
/** Starts in a row without a single row after which it is given up. */
const fruitlessStarts = 6

/**
 * Runs `nvidia-smi --query-gpu=... --format=csv -lms N` and keeps it running: when it ends or stays silent, it is started again
 * after a growing wait, the stretch without readings is reported as a gap, and rows already printed are never lost (the
 * end of a process counts when its pipe is drained, not when it exits).
 */
export function startSmiSampler(options: SmiSamplerOptions): SmiSampler {
  const { smi, spawn, intervalMs, nowMs } = options
  const { fields, args } = queryOf(options)
  const clock = createSampleClock()
  const gaps = createGapWatch(gapAfterMsOf(intervalMs), options.onGap)

  let stopping = false
  let [restarts, malformedLines, fruitless] = [0, 0, 0]
  let readings: SmiReadings | undefined
  let backOff: NodeJS.Timeout | undefined
  let stopped!: () => void
  const whenStopped = new Promise<void>((resolve) => (stopped = resolve))

  const settle = (state: SamplerState): void => {
    options.onState(state)
    if (state.state === 'stopped' || state.state === 'failed') stopped()
  }

  const take = (rows: readonly SmiRow[], arrivedMs: number, isFirst: boolean): void => {
    const samples = rows.map(({ gpuIndex, wallMs, values }): GpuSample => ({
      ...{ gpuIndex, values },
      tMs: clock.place(gpuIndex, wallMs, arrivedMs)
    }))
    gaps.seen(samples[0].tMs, samples[samples.length - 1].tMs)
    if (isFirst) options.onState({ state: 'running' })
    fruitless = 0
    options.onSamples(samples)
  }

  const ended = (end: SmiEnd): void => {
    readings = undefined
    if (stopping) return settle({ state: 'stopped' })
    if (end.rows === 0) fruitless++
    const error = fatalError(smi, end, fruitless)
    if (error !== null) return settle({ state: 'failed', error })
    gaps.open(reasonOf(end))
    const waitMs = Math.min(maxWaitMs, firstWaitMs * 2 ** fruitless)
    options.onState({ state: 'backingOff', reason: reasonOf(end), waitMs })
    backOff = setTimeout(restart, waitMs)
  }

  const restart = (): void => {
    restarts++
    start()
  }
  const start = (): void => {
    options.onState({ state: 'starting' })
    clock.restart()
    let isFirst = true
    readings = startSmiReadings({
      ...{ smi, spawn, args, fields, intervalMs, nowMs },
      onRows(rows, arrivedMs) {
        take(rows, arrivedMs, isFirst)
        isFirst = false
      },
      onMalformed: (lines) => (malformedLines += lines),
      onEnd: ended
    })
  }

  start()
  return {
    async stop() {
      if (!stopping) {
        stopping = true
        clearTimeout(backOff)
        if (readings === undefined) stopped()
        else readings.end()
      }
      await whenStopped
      gaps.close(nowMs())
    },
    get restarts() {
      return restarts
    },
    get malformedLines() {
      return malformedLines
    }
  }
}

/** Fields in the order of the query, and nvidia-smi's arguments for it. */
function queryOf({ fields: wanted, intervalMs, gpuIndexes }: SmiSamplerOptions) {
  const fields = ['timestamp', 'index', ...wanted]
  const args = [`--query-gpu=${fields.join(',')}`, '--format=csv', '-lms', String(intervalMs)]
  if (gpuIndexes !== undefined) args.push('-i', gpuIndexes.join(','))
  return { fields, args }
}

/** Reports stretches without samples: those that are opened, and those that are longer than `stallMs`. */
function createGapWatch(stallMs: number, onGap: (gap: Gap) => void) {
  let lastSampleMs: number | undefined
  let openReason: string | undefined
  return {
    open(reason: string): void {
      openReason = reason
    },
    seen(firstMs: number, lastMs: number): void {
      if (lastSampleMs !== undefined && (openReason !== undefined || firstMs - lastSampleMs > stallMs))
        onGap({ fromMs: lastSampleMs, toMs: firstMs, reason: openReason ?? 'nvidia-smi stalled' })
      openReason = undefined
      lastSampleMs = lastMs
    },
    /** Sampling ended: a gap that is open ends with it. */
    close(atMs: number): void {
      if (openReason === undefined || lastSampleMs === undefined) return
      onGap({ fromMs: lastSampleMs, toMs: atMs, reason: openReason })
      openReason = undefined
    }
  }
}

const reasonOf = ({ isHung, trouble }: SmiEnd): string =>
  isHung ? 'nvidia-smi hung: it went on running and printed nothing' : trouble.message

/** The error after which nvidia-smi is not started again; null: it is. */
function fatalError(smi: SmiCommand, end: SmiEnd, fruitless: number): AppError | null {
  const { rows, isHung, startError, trouble } = end
  if (startError !== undefined) return startFailed(smi, startError)
  if (rows === 0 && !isHung && trouble.kind === 'noDriver')
    return new AppError('gpu.noDriver', trouble.message, trouble.hint)
  if (fruitless < fruitlessStarts) return null
  return new AppError(
    'gpu.samplerDied',
    `${reasonOf(end)} (${fruitless} starts in a row without a reading).`,
    isHung ? 'The driver may hang: restart the machine.' : trouble.hint
  )
}
