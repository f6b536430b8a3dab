import type { CallContext, EmitterOf, HandlersOf } from '../../shared/contract/define'
import type { Gpu, gpuContract, GpuList, HostLoad, Recording } from '../../shared/contract/gpu'
import { AppError } from '../../shared/errors'
import type { PhaseLine } from '../../core/gpu/phaseMarks'
import type { JobService } from '../jobs/jobService'
import { exportNames } from './exportNames'
import type { GpuStore } from './gpuStore'
import { startHostLoad } from './hostLoad'
import { importRecording } from './importRecording'
import { listGpus, requireGpus } from './listGpus'
import { createLiveSampling } from './liveSampling'
import { record } from './recorder'
import { gatherEvidence, type Evidence } from './recordingEvidence'
import { findSmi, type SmiCommand, type Spawn } from './smiProcess'
import { startSmiSampler } from './smiSampler'

/** What the GPU service is made from. */
export interface GpuServiceDeps {
  /** Asked for only when recordings are touched: listing GPUs must not open the data file. */
  store: () => Promise<GpuStore>
  jobs: JobService
  emit: EmitterOf<typeof gpuContract>
  spawn: Spawn
  env: Readonly<Record<string, string | undefined>>
  /** The setting app.settings.nvidiaSmiPath, read at each use. */
  nvidiaSmiPath: () => string | null
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
}

/** GPUs and recordings for the contract and for workloads. */
export interface GpuService {
  handlers: HandlersOf<typeof gpuContract>
  list(refresh: boolean): Promise<GpuList>
  /**
   * Starts a recording; `onOutput` gets what the command prints (the window gets it as an event as well). Without a
   * command, `onStarted` gets the function that marks phases.
   */
  record(
    args: RecordArguments,
    onOutput?: (stream: 'stdout' | 'stderr', text: string) => void,
    onStarted?: (mark: (line: PhaseLine) => void) => void
  ): Promise<{ jobId: string; recordingId: string; result: Promise<Recording> }>
  exportRecording(id: string, file: string): Promise<{ file: string; rows: number }[]>
  close(): Promise<void>
}

/** Output of the wrapped command that is sent to the window per event at most, characters. */
const outputPerEvent = 8_000

/** Returns the service that lists GPUs, samples and records them. */
export function createGpuService(deps: GpuServiceDeps): GpuService {
  const { emit, spawn } = deps
  const findCommand = (): ReturnType<typeof findSmi> => findSmi(deps.nvidiaSmiPath(), deps.env)
  const requireSmi = (): SmiCommand => {
    const smi = findCommand()
    if (smi === null) throw new AppError('gpu.noDriver', 'nvidia-smi is gone.', 'List the GPUs again.')
    return smi
  }
  let known: { at: string; list: Promise<GpuList> } | undefined
  let recordingNow: string | undefined
  const stops = new Map<string, AbortController>()

  const list = (refresh: boolean): Promise<GpuList> => {
    const at = `${deps.nvidiaSmiPath() ?? ''}`
    if (refresh || known === undefined || known.at !== at) known = { at, list: listGpus(spawn, findCommand) }
    return known.list
  }
  const chosen = async (indexes: readonly number[] | undefined): Promise<{ list: GpuList; gpus: Gpu[] }> => {
    // A driver that was absent a moment ago may be there now: only a good answer is kept.
    const found = await list((await list(false)).state !== 'ready')
    const ready = requireGpus(found)
    const gpus = indexes === undefined ? ready.gpus : ready.gpus.filter((gpu) => indexes.includes(gpu.index))
    const missing = indexes?.filter((index) => !ready.gpus.some((gpu) => gpu.index === index)) ?? []
    if (missing.length > 0 || gpus.length === 0) {
      throw new AppError(
        'input.notFound',
        `There is no GPU ${missing.join(', ')}.`,
        `This machine has GPU ${ready.gpus.map((gpu) => gpu.index).join(', ')}.`
      )
    }
    return { list: ready, gpus }
  }

  const live = createLiveSampling({
    startSampler(gpus, intervalMs, hooks) {
      const smi = requireSmi()
      return startSmiSampler({
        smi,
        spawn,
        fields: fieldsOf(gpus),
        intervalMs,
        gpuIndexes: gpus.map((gpu) => gpu.index),
        nowMs: deps.steadyMs,
        ...hooks
      })
    },
    onSampled: (batches, sequence, dropped) => emit('gpu.sampled', { batches, sequence, dropped }),
    onChanged: (state) => emit('gpu.samplingChanged', state)
  })
  let hostLoad: ReturnType<typeof startHostLoad> | undefined
  const startHost = (): void => {
    hostLoad ??= startHostLoad(deps.readHostLoad, (load) => emit('gpu.hostLoad', load))
  }
  const stopHost = (): void => {
    hostLoad?.stop()
    hostLoad = undefined
  }

  const startRecording: GpuService['record'] = async (args, onOutput, onStarted) => {
    const { list: found, gpus } = await chosen(args.gpuIndexes)
    if (recordingNow !== undefined) {
      throw new AppError(
        'input.invalid',
        'A recording is running already.',
        'Wait for its end or stop it; two at once would disturb each other.'
      )
    }
    const id = deps.newId()
    recordingNow = id
    const stop = new AbortController()
    stops.set(id, stop)
    const title =
      args.title ?? (args.command.length > 0 ? args.command.join(' ') : 'Recording without a command')
    const started = deps.jobs.start<Recording>({
      kind: 'gpu.record',
      title,
      unit: 'ms',
      total: args.command.length === 0 ? (args.durationMs ?? 0) : 0,
      async run(context) {
        let evidence: Evidence | undefined
        try {
          const store = await deps.store()
          evidence = await gatherEvidence({
            smi: requireSmi(),
            spawn,
            gpus,
            lockClockMhz: args.lockClockMhz,
            nvmlLibrary: deps.env['BITBENCH_NVML'],
            powercapFolder: deps.env['BITBENCH_POWERCAP'],
            nowMs: deps.steadyMs
          })
          const recording = await record(
            {
              ...args,
              idleAfterMs: args.idleAfterMs ?? 0,
              id,
              title,
              gpus,
              driverVersion: found.driverVersion ?? '',
              origin: found.origin,
              cwd: args.cwd,
              durationMs: args.durationMs,
              stdin: onOutput === undefined ? 'ignore' : 'inherit'
            },
            {
              store,
              spawn,
              nowMs: deps.steadyMs,
              unixMs: deps.unixMs,
              readHostLoad: async () => ({ ...(await deps.readHostLoad()), tMs: deps.steadyMs() }),
              evidence,
              startSampler: (hooks) => live.lend(id, gpus, args.intervalMs, hooks),
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
            stop.signal
          )
          if (recording.state === 'cancelled') {
            throw new AppError(
              'job.cancelled',
              `"${title}" was cancelled.`,
              'What was recorded up to then is kept.'
            )
          }
          return recording
        } finally {
          await evidence?.release()
          recordingNow = undefined
          stops.delete(id)
          deps.recorded?.(id)
        }
      }
    })
    return { jobId: started.jobId, recordingId: id, result: started.result }
  }

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
    list,
    record: startRecording,
    exportRecording,
    async close() {
      for (const stop of stops.values()) stop.abort()
      stopHost()
      await live.close()
    },
    handlers: {
      'gpu.list': ({ refresh }) => list(refresh),
      async 'gpu.startSampling'({ intervalMs, gpuIndexes }) {
        const { gpus } = await chosen(gpuIndexes)
        startHost()
        return live.start(gpus, intervalMs)
      },
      'gpu.stopSampling'() {
        stopHost()
        return live.stop()
      },
      'gpu.samplingState': async () => live.state(),
      'gpu.history': async ({ gpuIndex, metric, lastMs, buckets }) =>
        live.history(gpuIndex, metric, lastMs, buckets),
      async 'gpu.record'(args, _context: CallContext) {
        const { jobId, recordingId } = await startRecording(args)
        return { jobId, recordingId }
      },
      async 'gpu.stopRecording'({ id }) {
        const stop = stops.get(id)
        if (stop === undefined) {
          throw new AppError(
            'energy.noRecording',
            `Recording ${id} is not running.`,
            'Refresh the list of recordings.'
          )
        }
        stop.abort()
        return { ok: true }
      },
      'gpu.recordings': async () => ({ recordings: await (await deps.store()).list() }),
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
      'gpu.exportRecording': async ({ id, file }) => ({ files: await exportRecording(id, file) }),
      async 'gpu.importRecording'({ file, title, gpuName }) {
        const store = await deps.store()
        const imported = await importRecording({ file, title, gpuName, id: deps.newId() }, store)
        emit('gpu.recordingChanged', imported.recording)
        return imported
      },
      async 'gpu.deleteRecording'({ id }) {
        if (recordingNow === id) {
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
}

/** Every field that at least one of the GPUs answers, once. */
function fieldsOf(gpus: readonly Gpu[]): string[] {
  const fields = gpus.flatMap((gpu) =>
    gpu.fields.filter((field) => field.supported).map((field) => field.field!)
  )
  return [...new Set(fields)]
}
