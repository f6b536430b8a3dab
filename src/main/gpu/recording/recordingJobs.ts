import type { ComputeApp } from '../../../core/gpu/computeApps'
import type { EmitterOf } from '../../../shared/contract/framework/define'
import type { gpuContract, HostLoad, MeasuredNetwork, Recording } from '../../../shared/contract/gpu'
import { AppError } from '../../../shared/errors'
import type { LiveRecording } from '../../../core/gpu/phaseMarks'
import { hostReadingClock } from '../../../core/gpu/readingClock'
import type { JobContext, JobService } from '../../jobs/jobService'
import type { GpuChoice } from '../smi/gpuChoice'
import type { GpuStore } from '../store/gpuStore'
import { meterSubject, type RecordingInstrument, type RecordingSubject } from './recordingInstrument'
import type { LiveSampling } from '../live/liveSampling'
import { record } from './recorder'
import { gatherEvidence, type Evidence } from './recordingEvidence'
import { freeLeftClocks } from './leftClocks'
import { noteLock, settleNote } from './notedLock'
import type { RecordRequest } from './recordRequest'
import type { Spawn } from '../smi/smiProcess'

/** What is recorded and how; times in ms. */
export interface RecordArguments {
  title?: string | undefined
  command: string[]
  cwd?: string | undefined
  durationMs?: number | undefined
  intervalMs: number
  idleMs: number
  /** Rest after the command for a second baseline, ms; 0 without. */
  idleAfterMs?: number | undefined
  lockClockMhz?: number | undefined
  gpuIndexes?: number[] | undefined
  /**
   * For work that is no command of the recording, runs when it starts and is over when it is stopped: the processes on
   * the GPUs before that work began. Those that are there afterwards are looked for then.
   */
  othersBefore?: readonly ComputeApp[] | undefined
  /** The network whose energy on a board is measured. */
  network?: MeasuredNetwork | undefined
  /** The campaign beside which the meter is read: such a recording runs beside others. */
  campaignId?: string | undefined
}

/** What recordings are made with. */
export interface RecordingJobsDeps {
  /** Called only when a recording starts: listing GPUs must not open the data file. */
  store: () => Promise<GpuStore>
  jobs: JobService
  emit: EmitterOf<typeof gpuContract>
  spawn: Spawn
  env: Readonly<Record<string, string | undefined>>
  /** Steady clock in ms. */
  steadyMs: () => number
  unixMs: () => number
  newId: () => string
  readHostLoad: () => Promise<HostLoad>
  choice: GpuChoice
  live: LiveSampling
  /** A recording has ended and is stored. */
  recorded?: ((recordingId: string) => void) | undefined
}

/** Listeners of one recording. */
export interface RecordListeners {
  /** What the command prints; the window gets it as an event as well. With it the command may read the terminal. */
  onOutput?: ((stream: 'stdout' | 'stderr', text: string) => void) | undefined
  /** Without a command: gets what marks phases. */
  onStarted?: ((live: LiveRecording) => void) | undefined
}

/** A recording that runs as a job. */
export interface RunningRecording {
  jobId: string
  recordingId: string
  result: Promise<Recording>
}

/** Recordings that run: one at a time, and those beside campaigns. */
export interface RecordingJobs {
  /** @throws input.invalid while another one runs, and what choosing GPUs throws */
  start(
    args: RecordArguments,
    listeners: RecordListeners,
    instrument?: RecordingInstrument
  ): Promise<RunningRecording>
  /** Ends a recording regularly. @throws energy.noRecording when it does not run */
  stop(id: string): void
  stopAll(): void
  isRunning(id: string): boolean
}

/** Output of the wrapped command that is sent to the window per event at most, characters. */
const outputPerEvent = 8_000

/** A recording that was ordered. */
interface Order {
  id: string
  title: string
  args: RecordArguments
  listeners: RecordListeners
  source: RecordingSubject
  stop: AbortSignal
}

/** Returns the recordings of this host, one job each. */
export function createRecordingJobs(deps: RecordingJobsDeps): RecordingJobs {
  const running = new Map<string, AbortController>()
  /** The one that is made for itself; those of campaigns, which take hours, do not keep others away. */
  let exclusiveId: string | undefined
  return {
    async start(args, listeners, instrument) {
      const source = instrument === undefined ? await gpusOf(deps, args, listeners) : meterSubject(instrument)
      const isBeside = args.campaignId !== undefined
      if (!isBeside && exclusiveId !== undefined) throw isBusy()
      const id = deps.newId()
      const stop = new AbortController()
      running.set(id, stop)
      if (!isBeside) exclusiveId = id
      const title =
        args.title ?? (args.command.length > 0 ? args.command.join(' ') : 'Recording without a command')
      const started = deps.jobs.start<Recording>({
        kind: 'gpu.record',
        title,
        unit: 'ms',
        total: args.command.length === 0 ? (args.durationMs ?? 0) : 0,
        async run(context) {
          try {
            return await runOrder(deps, { id, title, args, listeners, source, stop: stop.signal }, context)
          } finally {
            running.delete(id)
            if (exclusiveId === id) exclusiveId = undefined
            await instrument?.close().catch(() => undefined)
            deps.recorded?.(id)
          }
        }
      })
      return { jobId: started.jobId, recordingId: id, result: started.result }
    },
    stop(id) {
      const one = running.get(id)
      if (one === undefined) {
        throw new AppError(
          'energy.noRecording',
          `Recording ${id} is not running.`,
          'Refresh the list of recordings.'
        )
      }
      one.abort()
    },
    stopAll: () => running.forEach((one) => one.abort()),
    isRunning: (id) => running.has(id)
  }
}

async function runOrder(deps: RecordingJobsDeps, order: Order, context: JobContext): Promise<Recording> {
  const { source } = order
  const store = await deps.store()
  let evidence: Evidence | undefined
  let isNoted = false
  try {
    evidence = await source.gatherEvidence(async (lock) => {
      await noteLock(store, requestOf(order), deps.unixMs(), lock)
      isNoted = true
    })
    const recording = await recordWith(deps, order, context, store, evidence)
    if (recording.state === 'cancelled') throw wasCancelled(order.title)
    return recording
  } finally {
    await evidence?.release()
    // What ended the recording is what is reported; a note that stays has the next recording give the clocks back.
    if (isNoted) await settleNote(store, order.id, evidence).catch(() => undefined)
  }
}

function requestOf({ id, title, args, source, listeners }: Order): RecordRequest {
  return {
    ...args,
    ...{ id, title, gpus: source.gpus },
    idleAfterMs: args.idleAfterMs ?? 0,
    driverVersion: source.driverVersion,
    origin: source.origin,
    cwd: args.cwd,
    needsReadings: source.needsReadings === true,
    durationMs: args.durationMs,
    looksAfter: args.command.length > 0 || args.othersBefore !== undefined,
    stdin: listeners.onOutput === undefined ? 'ignore' : 'inherit'
  }
}

function recordWith(
  deps: RecordingJobsDeps,
  order: Order,
  context: JobContext,
  store: GpuStore,
  evidence: Evidence
): Promise<Recording> {
  const { emit, spawn } = deps
  const { id, source, listeners } = order
  const { onOutput, onStarted } = listeners
  const clock = source.clock ?? hostReadingClock(deps.steadyMs)
  return record(
    requestOf(order),
    {
      ...{ store, spawn, evidence, clock, unixMs: deps.unixMs },
      readHostLoad: async () => ({ ...(await deps.readHostLoad()), tMs: clock.nowMs() }),
      startSampler: (hooks) => source.startSampler(hooks, id),
      onSamples: () => undefined,
      onChanged: (recording) => emit('gpu.recordingChanged', recording),
      onPhase: (name, state, atMs) => emit('gpu.phaseMarked', { recordingId: id, name, state, atMs }),
      onOutput(stream, text) {
        onOutput?.(stream, text)
        emit('gpu.commandOutput', { recordingId: id, stream, text: text.slice(-outputPerEvent) })
      },
      ...(onStarted === undefined ? {} : { onStarted }),
      progress: (elapsedMs, note) => context.progress(elapsedMs, undefined, note)
    },
    context.signal,
    order.stop
  )
}

/** The requested GPUs, read through nvidia-smi. */
async function gpusOf(
  deps: RecordingJobsDeps,
  args: RecordArguments,
  { onOutput }: RecordListeners
): Promise<RecordingSubject> {
  const { list, gpus } = await deps.choice.chosen(args.gpuIndexes)
  return {
    gpus,
    driverVersion: list.driverVersion ?? '',
    origin: list.origin,
    startSampler: (hooks, id) => deps.live.lend(id, gpus, args.intervalMs, hooks),
    async gatherEvidence(onLocking) {
      const [smi, store] = [deps.choice.requireSmi(), await deps.store()]
      const left = await freeLeftClocks({
        ...{ store, smi, spawn: deps.spawn },
        origin: list.origin,
        gpus: list.gpus
      })
      for (const text of left.freed) onOutput?.('stderr', `${text}\n`)
      return await gatherEvidence({
        ...{ smi, gpus, spawn: deps.spawn },
        origin: list.origin === 'simulated' ? 'simulated' : 'measured',
        lockClockMhz: args.lockClockMhz,
        onLocking,
        leftClock: left.stuck,
        othersBefore: args.othersBefore,
        nvmlLibrary: deps.env['BITBENCH_NVML'],
        powercapFolder: deps.env['BITBENCH_POWERCAP'],
        nowMs: deps.steadyMs
      })
    }
  }
}

function isBusy(): AppError {
  return new AppError(
    'input.invalid',
    'A recording is running already.',
    'Wait for its end or stop it; two at once would disturb each other.'
  )
}

function wasCancelled(title: string): AppError {
  return new AppError('job.cancelled', `"${title}" was cancelled.`, 'What was recorded up to then is kept.')
}
