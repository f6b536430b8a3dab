import type { ChildProcess } from 'node:child_process'
import { gapAfterMsOf } from '../../core/energy/powerTrace'
import type { PowerSampler } from '../../core/meter/powerSampler'
import type { GpuSample } from '../../core/gpu/metrics'
import { createSmiParser, type SmiParsed } from '../../core/gpu/parseSmi'
import { createSampleClock } from '../../core/gpu/sampleClock'
import { explainSmi } from '../../core/gpu/smiTrouble'
import type { Gap } from '../../shared/contract/gpu'
import { AppError } from '../../shared/errors'
import { spawnSmi, startFailed, type SmiCommand, type Spawn } from './smiProcess'

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

/** Without a row for this long, nvidia-smi hangs: many intervals, and never less than its slow start takes. */
const silentMs = (intervalMs: number): number => Math.max(10 * intervalMs, 5_000)
/** The first row may take longer: without persistence mode the driver initialises the GPU first. */
const firstRowMs = 20_000
const firstWaitMs = 250
const maxWaitMs = 10_000
/** Starts in a row without a single row after which it is given up. */
const fruitlessStarts = 6
/** How long a killed process may keep its pipe open (a child of its own holds it) before the pipe is closed here. */
const closeGraceMs = 2_000

/**
 * Runs `nvidia-smi --query-gpu=... --format=csv -lms N` and keeps it running: dead or silent, it is started again
 * after a growing wait, the stretch without readings is reported as a gap, and rows already printed are never lost (the
 * end of a process counts when its pipe is drained, not when it exits).
 */
export function startSmiSampler(options: SmiSamplerOptions): SmiSampler {
  const { smi, spawn, intervalMs, nowMs } = options
  const asked = ['timestamp', 'index', ...options.fields]
  const args = [`--query-gpu=${asked.join(',')}`, '--format=csv', '-lms', String(intervalMs)]
  if (options.gpuIndexes !== undefined) args.push('-i', options.gpuIndexes.join(','))
  const clock = createSampleClock()
  const stallMs = gapAfterMsOf(intervalMs)

  let stopping = false
  let restarts = 0
  let malformedLines = 0
  let fruitless = 0
  let lastSampleMs: number | undefined
  let openGap: string | undefined
  let child: ChildProcess | undefined
  let backOff: NodeJS.Timeout | undefined
  let stopped!: () => void
  const whenStopped = new Promise<void>((resolve) => (stopped = resolve))

  const settle = (state: SamplerState): void => {
    options.onState(state)
    if (state.state === 'stopped' || state.state === 'failed') stopped()
  }

  const start = (): void => {
    options.onState({ state: 'starting' })
    clock.restart()
    const parser = createSmiParser(asked)
    const strays: string[] = []
    let rows = 0
    let hung = false
    let startError: Error | undefined
    const running = spawnSmi(spawn, smi, args)
    child = running

    const kill = (): void => {
      running.kill('SIGKILL')
      setTimeout(() => {
        running.stdout?.destroy()
        running.stderr?.destroy()
      }, closeGraceMs).unref()
    }
    let watchdog = setTimeout(onSilence, Math.max(firstRowMs, silentMs(intervalMs)))
    function onSilence(): void {
      hung = true
      kill()
    }

    const take = (parsed: SmiParsed, arrivedMs: number): void => {
      malformedLines += rows > 0 ? parsed.stray.length : 0
      for (const line of parsed.stray) if (strays.length < 8) strays.push(line)
      if (parsed.rows.length === 0) return
      clearTimeout(watchdog)
      if (!hung) watchdog = setTimeout(onSilence, silentMs(intervalMs))
      const samples = parsed.rows.map(({ gpuIndex, wallMs, values }) => ({
        gpuIndex,
        tMs: clock.place(gpuIndex, wallMs, arrivedMs),
        values
      }))
      const firstMs = samples[0].tMs
      if (lastSampleMs !== undefined && (openGap !== undefined || firstMs - lastSampleMs > stallMs)) {
        options.onGap({ fromMs: lastSampleMs, toMs: firstMs, reason: openGap ?? 'nvidia-smi stalled' })
      }
      openGap = undefined
      if (rows === 0) options.onState({ state: 'running' })
      rows += samples.length
      fruitless = 0
      lastSampleMs = samples[samples.length - 1].tMs
      options.onSamples(samples)
    }

    running.stdout?.setEncoding('utf8').on('data', (text: string) => take(parser.push(text), nowMs()))
    running.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (strays.length < 8) strays.push(text)
    })
    // Most processes that could not be started close too, but not all of them (out of file handles).
    running.once('error', (cause) => {
      startError = cause
      if (running.pid === undefined) ended(null)
    })
    running.once('close', (exitCode) => ended(exitCode))

    let over = false
    function ended(exitCode: number | null): void {
      if (over) return
      over = true
      clearTimeout(watchdog)
      take(parser.end(), nowMs())
      child = undefined
      if (stopping) return settle({ state: 'stopped' })
      const trouble = explainSmi(exitCode, strays.join('\n'))
      const reason = hung ? 'nvidia-smi hung: it went on running and printed nothing' : trouble.message
      if (rows === 0) fruitless++
      if (startError !== undefined) return settle({ state: 'failed', error: startFailed(smi, startError) })
      if (rows === 0 && !hung && trouble.kind === 'noDriver') {
        return settle({ state: 'failed', error: new AppError('gpu.noDriver', trouble.message, trouble.hint) })
      }
      if (fruitless >= fruitlessStarts) {
        const hint = hung ? 'The driver may hang: restart the machine.' : trouble.hint
        return settle({
          state: 'failed',
          error: new AppError(
            'gpu.samplerDied',
            `${reason} (${fruitless} starts in a row without a reading).`,
            hint
          )
        })
      }
      openGap = reason
      const waitMs = Math.min(maxWaitMs, firstWaitMs * 2 ** fruitless)
      options.onState({ state: 'backingOff', reason, waitMs })
      backOff = setTimeout(() => {
        restarts++
        start()
      }, waitMs)
    }
  }

  start()
  return {
    async stop() {
      if (!stopping) {
        stopping = true
        clearTimeout(backOff)
        if (child === undefined) stopped()
        else {
          const ending = child
          ending.kill('SIGTERM')
          const timer = setTimeout(() => {
            ending.kill('SIGKILL')
            ending.stdout?.destroy()
            ending.stderr?.destroy()
          }, closeGraceMs)
          ending.once('close', () => clearTimeout(timer))
        }
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
