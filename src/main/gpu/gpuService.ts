import type { ComputeApp } from '../../core/gpu/computeApps'
import type { EmitterOf, HandlersOf } from '../../shared/contract/framework/define'
import type { Gpu, gpuContract, GpuList, HostLoad } from '../../shared/contract/gpu'
import { AppError } from '../../shared/errors'
import type { LiveRecording } from '../../core/gpu/phaseMarks'
import type { JobService } from '../jobs/jobService'
import { exportNames } from './exportNames'
import { createGpuChoice, type GpuChoice, type GpuChoiceDeps } from './smi/gpuChoice'
import type { GpuStore } from './store/gpuStore'
import { startHostLoad } from './counters/hostLoad'
import { importRecording } from './import/importRecording'
import { createLiveSampling, type LiveSampling } from './live/liveSampling'
import { listComputeApps } from './recording/recordingEvidence'
import type { RecordingInstrument } from './recording/recordingInstrument'
import {
  createRecordingJobs,
  type RecordArguments,
  type RecordingJobs,
  type RunningRecording
} from './recording/recordingJobs'
import { startSmiSampler } from './smi/smiSampler'

/** What the GPU service is made from. */
export interface GpuServiceDeps extends GpuChoiceDeps {
  /** Called only when recordings are touched: listing GPUs must not open the data file. */
  store: () => Promise<GpuStore>
  jobs: JobService
  emit: EmitterOf<typeof gpuContract>
  /** Steady clock in ms; performance.timeOrigin + performance.now() in compose. */
  steadyMs: () => number
  unixMs: () => number
  newId: () => string
  readHostLoad: () => Promise<HostLoad>
  /** Deletes what the energy service keeps of a recording. */
  forgetEnergy: (recordingId: string) => Promise<void>
  /** A recording has ended and is stored: its energy can be computed before a report is requested. */
  recorded?: (recordingId: string) => void
  /** Writes the energy of every phase of a recording to a file; from the energy service. Returns the number of rows. */
  exportEnergy: (recordingId: string, file: string, format: 'csv' | 'parquet') => Promise<number>
}

/** GPUs and recordings for the contract and for workloads. */
export interface GpuService {
  handlers: HandlersOf<typeof gpuContract>
  list(refresh: boolean): Promise<GpuList>
  /** Processes that compute on the GPUs now. @throws tool.failed, gpu.noDriver */
  computeApps(): Promise<ComputeApp[]>
  /**
   * Starts a recording; `onOutput` gets what the command prints (the window gets it as an event as well). Without a
   * command, `onStarted` gets what marks phases.
   */
  record(
    args: RecordArguments,
    onOutput?: (stream: 'stdout' | 'stderr', text: string) => void,
    onStarted?: (live: LiveRecording) => void,
    /** Another source of readings than the GPUs. */
    instrument?: RecordingInstrument
  ): Promise<RunningRecording>
  exportRecording(id: string, file: string): Promise<{ file: string; rows: number }[]>
  close(): Promise<void>
}

/** Returns the service that lists GPUs, samples and records them. */
export function createGpuService(deps: GpuServiceDeps): GpuService {
  const choice = createGpuChoice(deps)
  const live = createLive(deps, choice)
  const recordings = createRecordingJobs({ ...deps, choice, live })
  const host = createHostFeed(deps)
  const exportRecording: GpuService['exportRecording'] = async (id, file) => {
    const { format, phasesFile } = exportNames(file)
    const store = await deps.store()
    const rows = await store.exportSamples(id, file, format)
    const phaseRows = await deps.exportEnergy(id, phasesFile, format)
    return [
      { file, rows },
      { file: phasesFile, rows: phaseRows }
    ]
  }
  return {
    list: (refresh) => choice.list(refresh),
    computeApps: async () => listComputeApps({ spawn: deps.spawn, smi: choice.requireSmi() }),
    record: (args, onOutput, onStarted, instrument) =>
      recordings.start(args, { onOutput, onStarted }, instrument),
    exportRecording,
    async close() {
      recordings.stopAll()
      host.stop()
      await live.close()
    },
    handlers: {
      'gpu.list': ({ refresh }) => choice.list(refresh),
      ...samplingHandlers(choice, live, host),
      ...recordingHandlers(deps, recordings),
      'gpu.exportRecording': async ({ id, file }) => ({ files: await exportRecording(id, file) })
    }
  }
}

type Handlers = HandlersOf<typeof gpuContract>

function samplingHandlers(
  choice: GpuChoice,
  live: LiveSampling,
  host: HostFeed
): Pick<Handlers, 'gpu.startSampling' | 'gpu.stopSampling' | 'gpu.samplingState' | 'gpu.history'> {
  return {
    async 'gpu.startSampling'({ intervalMs, gpuIndexes }) {
      const { gpus } = await choice.chosen(gpuIndexes)
      host.start()
      return live.start(gpus, intervalMs)
    },
    'gpu.stopSampling'() {
      host.stop()
      return live.stop()
    },
    'gpu.samplingState': async () => live.state(),
    'gpu.history': async ({ gpuIndex, metric, lastMs, buckets }) =>
      live.history(gpuIndex, metric, lastMs, buckets)
  }
}

function recordingHandlers(
  deps: GpuServiceDeps,
  recordings: RecordingJobs
): Omit<Handlers, keyof ReturnType<typeof samplingHandlers> | 'gpu.list' | 'gpu.exportRecording'> {
  const { emit } = deps
  return {
    async 'gpu.record'(args) {
      const { jobId, recordingId } = await recordings.start(args, {})
      return { jobId, recordingId }
    },
    async 'gpu.stopRecording'({ id }) {
      recordings.stop(id)
      return { ok: true }
    },
    'gpu.recordings': async () => {
      const store = await deps.store()
      const [recordings, unreadable] = await Promise.all([store.list(), store.unreadable()])
      return { recordings, unreadable: unreadable.map(({ id, problem }) => ({ id, problem })) }
    },
    async 'gpu.recording'({ id }) {
      const store = await deps.store()
      const recording = await store.recording(id)
      return { recording, phases: await store.phases(id), gaps: await store.gaps(id) }
    },
    async 'gpu.recordingTrace'({ id, gpuIndex, metric, fromMs, toMs, buckets }) {
      const store = await deps.store()
      const recording = await store.recording(id)
      const whole = recording.durationMs === null ? null : recording.durationMs + recording.idleAfterMs
      const end = toMs ?? whole ?? (await store.lastMs(id))
      return store.envelope(id, gpuIndex, metric, fromMs ?? 0, end, buckets)
    },
    async 'gpu.importRecording'({ file, title, gpuName, meter }) {
      const store = await deps.store()
      const imported = await importRecording({ file, title, gpuName, meter, id: deps.newId() }, store)
      emit('gpu.recordingChanged', imported.recording)
      return imported
    },
    async 'gpu.deleteRecording'({ id }) {
      if (recordings.isRunning(id)) {
        throw new AppError(
          'input.invalid',
          'This recording is still running.',
          'Stop it first, then delete it.'
        )
      }
      await (await deps.store()).delete(id)
      await deps.forgetEnergy(id)
      emit('gpu.recordingDeleted', { id })
      return { ok: true }
    }
  }
}

function createLive(deps: GpuServiceDeps, choice: GpuChoice): LiveSampling {
  const { emit, spawn } = deps
  return createLiveSampling({
    startSampler: (gpus, intervalMs, hooks) =>
      startSmiSampler({
        smi: choice.requireSmi(),
        spawn,
        fields: fieldsOf(gpus),
        intervalMs,
        gpuIndexes: gpus.map((gpu) => gpu.index),
        nowMs: deps.steadyMs,
        ...hooks
      }),
    onSampled: (batches, sequence, dropped) => emit('gpu.sampled', { batches, sequence, dropped }),
    onChanged: (state) => emit('gpu.samplingChanged', state)
  })
}

/** Load of the host for the window, while GPUs are sampled. */
interface HostFeed {
  start(): void
  stop(): void
}

function createHostFeed({ readHostLoad, emit }: GpuServiceDeps): HostFeed {
  let feed: ReturnType<typeof startHostLoad> | undefined
  return {
    start() {
      feed ??= startHostLoad(readHostLoad, (load) => emit('gpu.hostLoad', load))
    },
    stop() {
      feed?.stop()
      feed = undefined
    }
  }
}

/** Every field that at least one of the GPUs supports, once. */
function fieldsOf(gpus: readonly Gpu[]): string[] {
  const fields = gpus.flatMap((gpu) =>
    gpu.fields.filter((field) => field.supported).map((field) => field.field!)
  )
  return [...new Set(fields)]
}
