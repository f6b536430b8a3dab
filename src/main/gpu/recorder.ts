import { metricAt, type GpuSample } from '../../core/gpu/metrics'
import { createPhaseTracker, type PhaseLine, type TrackedPhase } from '../../core/gpu/phaseMarks'
import type { Gap, Gpu, HostLoad, Recording } from '../../shared/contract/gpu'
import { AppError } from '../../shared/errors'
import { createBatchWriter } from './batchWriter'
import type { CounterReading } from './counterSampler'
import type { GpuStore } from './gpuStore'
import { startHostLoad } from './hostLoad'
import type { Evidence } from './recordingEvidence'
import { runRecordedCommand } from './recordedCommand'
import type { Spawn } from './smiProcess'
import type { SmiSamplerOptions, SmiSampler } from './smiSampler'

/** A recording to make; times in ms. */
export interface RecordRequest {
  id: string
  title: string
  /** Program and arguments; empty to record time alone. */
  command: readonly string[]
  cwd: string | undefined
  /** The command may read the terminal only where there is one. */
  stdin: 'inherit' | 'ignore'
  /** Without a command: how long; undefined until stopped. */
  durationMs: number | undefined
  intervalMs: number
  idleMs: number
  /** Rest after the command, ms. */
  idleAfterMs: number
  gpus: readonly Gpu[]
  driverVersion: string
  origin: Recording['origin']
}

/** What a recording is made with. */
export interface RecorderDeps {
  store: GpuStore
  spawn: Spawn
  /** Steady clock, ms. */
  nowMs: () => number
  /** Unix time, ms: dates the recording. */
  unixMs: () => number
  readHostLoad: () => Promise<HostLoad>
  /** What is read and done beside the power; the caller releases it in any case. */
  evidence: Evidence
  startSampler(hooks: Pick<SmiSamplerOptions, 'onSamples' | 'onGap' | 'onState'>): Promise<SmiSampler>
  onSamples(samples: readonly GpuSample[]): void
  onChanged(recording: Recording): void
  onPhase(name: string, state: 'begin' | 'end', atMs: number): void
  onOutput(stream: 'stdout' | 'stderr', text: string): void
  /** Without a command: phases are marked through `mark` from now on, dated on arrival. */
  onStarted?(mark: (line: PhaseLine) => void): void
  progress(elapsedMs: number, note: string): void
}

/** How long the sampler has for its first reading. */
const firstReadingMs = 30_000
/** Sampling goes on this long after the command, so that the last phase has a reading behind its end. */
const tailMs = (intervalMs: number): number => Math.max(3 * intervalMs, 300)

/**
 * One recording from its first reading to its saved end. `cancel` ends it as cancelled, `stop` regularly; either way,
 * and also when the command fails, what was taken is kept.
 *
 * @throws gpu.samplerDied or gpu.noDriver when no reading ever comes; tool.failed when the command cannot be started
 */
export async function record(
  request: RecordRequest,
  deps: RecorderDeps,
  cancel: AbortSignal,
  stop: AbortSignal
): Promise<Recording> {
  const { nowMs } = deps
  const broken = new AbortController()
  const ending = AbortSignal.any([cancel, stop, broken.signal])
  let zeroMs = 0
  const failure: { error?: AppError } = {}
  const samplerFailure = (): AppError | undefined => failure.error
  let firstReading!: () => void
  const reading = new Promise<void>((resolve) => (firstReading = resolve))
  const wanted = new Set(request.gpus.map((gpu) => gpu.index))
  const seen = new Set<number>()
  const temperature = new Map<number, number>()
  const latest = new Map<number, { firstMs: number; lastMs: number; count: number }>()
  const gaps: Gap[] = []
  const tracker = createPhaseTracker()
  // What cannot be stored is not recorded: the first failed write ends the recording and is reported as its failure.
  const onFailure = (cause: unknown): void => {
    failure.error ??= AppError.from(cause)
    broken.abort()
  }
  const samples = createBatchWriter<GpuSample>((batch) => deps.store.addSamples(request.id, batch), {
    onFailure
  })
  const loads = createBatchWriter<HostLoad>((batch) => deps.store.addHostLoad(request.id, batch), {
    onFailure
  })
  const counters = createBatchWriter<CounterReading>((batch) => deps.store.addCounters(request.id, batch), {
    onFailure
  })
  const atOnce = { everyMs: 0, onFailure }
  const gapRows = createBatchWriter<Gap>((batch) => deps.store.addGaps(request.id, batch), atOnce)
  const phaseRows = createBatchWriter<TrackedPhase>(
    (batch) => deps.store.savePhases(request.id, batch),
    atOnce
  )
  /** Stores what a phase line changed, then announces it: what a client heard of is in the data file. */
  const markPhase = async (line: PhaseLine, atMs: number): Promise<void> => {
    for (const tracked of tracker.mark(line, atMs)) phaseRows.add(tracked)
    await phaseRows.flush()
    deps.onPhase(line.name, line.state, atMs)
  }

  const sampler = await deps.startSampler({
    onSamples(batch) {
      deps.onSamples(batch)
      if (zeroMs === 0) zeroMs = batch[0]!.tMs
      for (const sample of batch) {
        if (!wanted.has(sample.gpuIndex)) continue
        seen.add(sample.gpuIndex)
        const reading = sample.values[metricAt.temperatureC]!
        if (!Number.isNaN(reading)) temperature.set(sample.gpuIndex, reading)
        const tMs = sample.tMs - zeroMs
        const count = latest.get(sample.gpuIndex) ?? { firstMs: tMs, lastMs: tMs, count: 0 }
        latest.set(sample.gpuIndex, { ...count, lastMs: tMs, count: count.count + 1 })
        samples.add({ ...sample, tMs })
      }
      if (seen.size === wanted.size) firstReading()
    },
    onGap(gap) {
      const seenGap = { ...gap, fromMs: gap.fromMs - zeroMs, toMs: gap.toMs - zeroMs }
      gaps.push(seenGap)
      gapRows.add(seenGap)
    },
    onState(state) {
      if (state.state !== 'failed') return
      failure.error = state.error
      firstReading()
    }
  })
  const hostLoad = startHostLoad(deps.readHostLoad, (load) => {
    if (zeroMs !== 0) loads.add({ ...load, tMs: load.tMs - zeroMs })
  })
  deps.evidence.startCounters((reading) => {
    if (zeroMs !== 0) counters.add({ ...reading, tMs: reading.tMs - zeroMs })
  })
  const temperatures = (): (number | null)[] => request.gpus.map((gpu) => temperature.get(gpu.index) ?? null)
  const recording: Recording = {
    id: request.id,
    title: request.title,
    state: 'running',
    origin: request.origin,
    command: [...request.command],
    startedAtMs: deps.unixMs(),
    durationMs: null,
    exitCode: null,
    gpus: request.gpus.map(({ index, name, uuid }) => ({ index, name, uuid })),
    driverVersion: request.driverVersion,
    powerFields: request.gpus.map((gpu) => gpu.powerField),
    intervalMs: request.intervalMs,
    askedHz: 1000 / request.intervalMs,
    achievedHz: null,
    samples: 0,
    restarts: 0,
    malformedLines: 0,
    temperatureBeforeC: temperatures(),
    temperatureAfterC: temperatures(),
    idleMs: 0,
    idleAfterMs: 0,
    ...deps.evidence.fields(),
    message: null
  }
  let finishing = false
  let wasKilled = false
  /** The rest after the command; its processes that are left on the GPU are strangers by now. */
  const rest = async (): Promise<void> => {
    const fromMs = nowMs()
    if (request.command.length > 0 && !cancel.aborted) await deps.evidence.lookAfter()
    const wantedMs = Math.max(tailMs(request.intervalMs), request.idleAfterMs)
    await pause(wantedMs - (nowMs() - fromMs), AbortSignal.any([cancel, broken.signal]))
    if (request.command.length > 0) recording.idleAfterMs = nowMs() - fromMs
  }
  const finish = async (state: Recording['state'], endMs: number, message: string | null): Promise<void> => {
    finishing = true
    recording.durationMs = Math.max(0, endMs - zeroMs)
    recording.state = state
    recording.message = message
    for (const tracked of tracker.close(recording.durationMs)) phaseRows.add(tracked)
    await rest()
    recording.temperatureAfterC = temperatures()
    hostLoad.stop()
    await sampler.stop()
    await deps.evidence.release()
    Object.assign(recording, deps.evidence.fields())
    const written = await Promise.allSettled(
      [samples, loads, counters, gapRows, phaseRows].map((rows) => rows.flush())
    )
    const counts = [...latest.values()]
    recording.samples = written.every(({ status }) => status === 'fulfilled')
      ? counts.reduce((sum, { count }) => sum + count, 0)
      : await deps.store.countSamples(request.id)
    recording.achievedHz = slowest(counts, gaps)
    recording.restarts = sampler.restarts
    recording.malformedLines = sampler.malformedLines
    await deps.store.save(recording)
    deps.onChanged({ ...recording })
  }

  try {
    const came = new AbortController()
    void reading.then(() => came.abort())
    await pause(firstReadingMs, AbortSignal.any([ending, came.signal]))
    const early = samplerFailure()
    if (early !== undefined) throw early
    if (seen.size < wanted.size && !ending.aborted) throw noReading(request, seen)
    const startedMs = nowMs()
    recording.startedAtMs = deps.unixMs() - (startedMs - zeroMs)
    recording.temperatureBeforeC = temperatures()
    await deps.store.save(recording)
    deps.onChanged({ ...recording })
    const ticker = setInterval(() => deps.progress(nowMs() - zeroMs, tracker.phases.at(-1)?.name ?? ''), 250)
    try {
      if (request.command.length === 0) {
        deps.onStarted?.((line) => void markPhase(line, nowMs() - zeroMs).catch(() => undefined))
        await pause(request.durationMs ?? 2 ** 31 - 1, ending)
      } else {
        deps.progress(0, 'idle baseline')
        await pause(request.idleMs, ending)
        recording.idleMs = nowMs() - zeroMs
        await deps.store.save(recording)
        if (!ending.aborted) {
          const end = await runRecordedCommand(request.command, {
            spawn: deps.spawn,
            cwd: request.cwd,
            stdin: request.stdin,
            nowMs,
            signal: ending,
            onPhase(line, atMs) {
              // A failed write has ended the recording already (onFailure).
              void markPhase(line, atMs - zeroMs).catch(() => undefined)
            },
            onOutput: deps.onOutput
          })
          recording.exitCode = end.exitCode
          wasKilled = end.wasKilled
        }
      }
    } finally {
      clearInterval(ticker)
    }
    const endMs = nowMs()
    if (broken.signal.aborted) throw samplerFailure()
    if (cancel.aborted) {
      const killed = wasKilled ? ' Processes of the command that did not end within 5 s were killed.' : ''
      await finish('cancelled', endMs, `Cancelled; the samples up to then are kept.${killed}`)
    } else if (recording.exitCode !== null && recording.exitCode !== 0 && !stop.aborted) {
      await finish('commandFailed', endMs, `The command ended with code ${recording.exitCode}.`)
    } else await finish('done', endMs, samplerFailure()?.message ?? null)
    return recording
  } catch (cause) {
    const error = AppError.from(cause)
    // The first error is the one to tell, whatever saving the rest meets.
    if (!finishing) await finish('failed', nowMs(), error.message).catch(() => undefined)
    throw error
  } finally {
    hostLoad.stop()
    await sampler.stop()
  }
}

/** Lowest rate over the GPUs, gaps left out. */
function slowest(
  counts: readonly { firstMs: number; lastMs: number; count: number }[],
  gaps: readonly Gap[]
): number | null {
  const missingMs = gaps.reduce((sum, gap) => sum + gap.toMs - gap.fromMs, 0)
  const rates = counts
    .map(({ firstMs, lastMs, count }) => ((count - 1 - gaps.length) * 1000) / (lastMs - firstMs - missingMs))
    .filter((rate) => Number.isFinite(rate) && rate > 0)
  return rates.length === 0 ? null : Math.min(...rates)
}

function noReading(request: RecordRequest, seen: ReadonlySet<number>): AppError {
  const missing = request.gpus.filter((gpu) => !seen.has(gpu.index)).map((gpu) => gpu.index)
  return new AppError(
    'gpu.samplerDied',
    `No reading of GPU ${missing.join(', ')} came within ${firstReadingMs / 1000} s.`,
    'Run nvidia-smi in a terminal; if it hangs or does not show the GPU, restart the machine.'
  )
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(done, ms)
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done, { once: true })
  })
}
