import { gapAfterMsOf } from '../../core/energy/powerTrace'
import type { PowerSampler } from '../../core/meter/powerSampler'
import type { GpuSample } from '../../core/gpu/metrics'
import type { SmiRow } from '../../core/gpu/parseSmi'
import { createSampleClock } from '../../core/gpu/sampleClock'
import type { Gap } from '../../shared/contract/gpu'
import { AppError } from '../../shared/errors'
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
 * Runs `nvidia-smi --query-gpu=... --format=csv -lms N` and keeps it running: dead or silent, it is started again
 * after a growing wait, the stretch without readings is reported as a gap, and rows already printed are never lost (the
 * end of a process counts when its pipe is drained, not when it exits).
 */
export function startSmiSampler(options: SmiSamplerOptions): SmiSampler {
  const { smi, spawn, intervalMs, nowMs } = options
  const fields = ['timestamp', 'index', ...options.fields]
  const args = [`--query-gpu=${fields.join(',')}`, '--format=csv', '-lms', String(intervalMs)]
  if (options.gpuIndexes !== undefined) args.push('-i', options.gpuIndexes.join(','))
  const clock = createSampleClock()
  const stallMs = gapAfterMsOf(intervalMs)

  let stopping = false
  let restarts = 0
  let malformedLines = 0
  let fruitless = 0
  let lastSampleMs: number | undefined
  let openGap: string | undefined
  let readings: SmiReadings | undefined
  let backOff: NodeJS.Timeout | undefined
  let stopped!: () => void
  const whenStopped = new Promise<void>((resolve) => (stopped = resolve))

  const settle = (state: SamplerState): void => {
    options.onState(state)
    if (state.state === 'stopped' || state.state === 'failed') stopped()
  }

  const take = (rows: readonly SmiRow[], arrivedMs: number, isFirst: boolean): void => {
    const samples = rows.map(({ gpuIndex, wallMs, values }) => ({
      gpuIndex,
      tMs: clock.place(gpuIndex, wallMs, arrivedMs),
      values
    }))
    const firstMs = samples[0].tMs
    if (lastSampleMs !== undefined && (openGap !== undefined || firstMs - lastSampleMs > stallMs)) {
      options.onGap({ fromMs: lastSampleMs, toMs: firstMs, reason: openGap ?? 'nvidia-smi stalled' })
    }
    openGap = undefined
    if (isFirst) options.onState({ state: 'running' })
    fruitless = 0
    lastSampleMs = samples[samples.length - 1].tMs
    options.onSamples(samples)
  }

  const ended = (end: SmiEnd): void => {
    readings = undefined
    if (stopping) return settle({ state: 'stopped' })
    if (end.rows === 0) fruitless++
    const error = fatalError(smi, end, fruitless)
    if (error !== null) return settle({ state: 'failed', error })
    openGap = reasonOf(end)
    const waitMs = Math.min(maxWaitMs, firstWaitMs * 2 ** fruitless)
    options.onState({ state: 'backingOff', reason: openGap, waitMs })
    backOff = setTimeout(() => {
      restarts++
      start()
    }, waitMs)
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
      if (openGap !== undefined && lastSampleMs !== undefined) {
        options.onGap({ fromMs: lastSampleMs, toMs: nowMs(), reason: openGap })
        openGap = undefined
      }
    },
    get restarts() {
      return restarts
    },
    get malformedLines() {
      return malformedLines
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
