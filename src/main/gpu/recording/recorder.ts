import type { GpuSample } from '../../../core/gpu/metrics'
import type { PowerHooks, PowerSampler } from '../../../core/meter/powerSampler'
import type { ReadingClock } from '../../../core/gpu/readingClock'
import {
  createPhaseTracker,
  type LiveRecording,
  type PhaseLine,
  type PhaseTracker
} from '../../../core/gpu/phaseMarks'
import type { HostLoad, Recording } from '../../../shared/contract/gpu'
import { AppError } from '../../../shared/errors'
import type { GpuStore } from '../store/gpuStore'
import { startHostLoad } from '../counters/hostLoad'
import { pause } from '../pause'
import type { Evidence } from './recordingEvidence'
import { createReadings, type RecordingReadings } from './recordingReadings'
import { newRecording, type RecordRequest } from './recordRequest'
import { createRecordingRows, type RecordingRows } from './recordingRows'
import { runRecordedCommand } from './recordedCommand'
import type { Spawn } from '../smi/smiProcess'

/** What a recording is made with. */
export interface RecorderDeps {
  store: GpuStore
  spawn: Spawn
  /** Steady clock, ms. */
  clock: ReadingClock
  /** Unix time, ms: dates the recording. */
  unixMs: () => number
  readHostLoad: () => Promise<HostLoad>
  /** What is read and done beside the power; the caller releases it in any case. */
  evidence: Evidence
  startSampler(hooks: PowerHooks): Promise<PowerSampler>
  onSamples(samples: readonly GpuSample[]): void
  onChanged(recording: Recording): void
  onPhase(name: string, state: 'begin' | 'end', atMs: number): void
  onOutput(stream: 'stdout' | 'stderr', text: string): void
  /** Without a command: phases are marked through its argument from now on. */
  onStarted?(live: LiveRecording): void
  progress(elapsedMs: number, note: string): void
}

/** How long the sampler has for its first reading. */
const firstReadingMs = 30_000
/** Sampling goes on this long after the command, so that the last phase has a reading behind its end. */
const tailMs = (intervalMs: number): number => Math.max(3 * intervalMs, 300)

/** One recording while it is made. */
interface Making {
  readonly request: RecordRequest
  readonly deps: RecorderDeps
  readonly cancel: AbortSignal
  readonly stop: AbortSignal
  /** What cannot be stored is not recorded: aborted by the first failed write. */
  readonly broken: AbortSignal
  /** Aborted by whatever ends the command. */
  readonly ending: AbortSignal
  readonly rows: RecordingRows
  readonly readings: RecordingReadings
  readonly tracker: PhaseTracker
  readonly recording: Recording
  /** The failed write, or why the sampler gave up. */
  failure(): AppError | undefined
}

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
  const making = prepare(request, deps, cancel, stop)
  const { recording, readings, rows } = making
  const sampler = await deps.startSampler({
    ...readings.hooks,
    onMark: (line, tMs) => void markPhase(making, line, tMs - readings.zeroMs())
  })
  const hostLoad = startHostLoad(deps.readHostLoad, (load) => {
    if (readings.zeroMs() !== 0) rows.loads.add({ ...load, tMs: load.tMs - readings.zeroMs() })
  })
  deps.evidence.startCounters((reading) => {
    if (readings.zeroMs() !== 0) rows.counters.add({ ...reading, tMs: reading.tMs - readings.zeroMs() })
  })
  let finishing = false
  const finish = async (state: Recording['state'], endMs: number, message: string | null): Promise<void> => {
    finishing = true
    Object.assign(recording, { state, message, durationMs: Math.max(0, endMs - readings.zeroMs()) })
    for (const tracked of making.tracker.close(recording.durationMs!)) rows.phases.add(tracked)
    await rest(making)
    recording.temperatureAfterC = readings.temperatures()
    hostLoad.stop()
    await sampler.stop()
    await save(making, sampler)
  }
  try {
    await firstReading(making)
    const { wasKilled } = await measure(making)
    const endMs = deps.clock.nowMs()
    if (making.broken.aborted || hasLostReadings(making)) throw making.failure()
    await finish(...verdict(making, wasKilled, endMs))
    return recording
  } catch (cause) {
    const error = AppError.from(cause)
    // The first error is the one to report, whatever saving the rest meets.
    if (!finishing) await finish('failed', deps.clock.nowMs(), error.message).catch(() => undefined)
    throw error
  } finally {
    hostLoad.stop()
    await sampler.stop()
  }
}

function prepare(request: RecordRequest, deps: RecorderDeps, cancel: AbortSignal, stop: AbortSignal): Making {
  const broken = new AbortController()
  let failedWrite: AppError | undefined
  const rows = createRecordingRows(deps.store, request.id, (cause) => {
    failedWrite ??= AppError.from(cause)
    broken.abort()
  })
  const readings = createReadings(request.gpus, rows, deps.onSamples)
  return {
    ...{ request, deps, cancel, stop, rows, readings, broken: broken.signal },
    ending: AbortSignal.any([cancel, stop, broken.signal]),
    tracker: createPhaseTracker(),
    recording: newRecording(request, deps.unixMs(), readings.temperatures(), deps.evidence.fields()),
    failure: () => failedWrite ?? readings.failure()
  }
}

/** Waits until every GPU has given a reading, and stores the recording. */
async function firstReading(making: Making): Promise<void> {
  const { deps, readings, recording, ending } = making
  await pause(firstReadingMs, AbortSignal.any([ending, readings.came]))
  const failure = making.failure()
  if (failure !== undefined) throw failure
  if (!readings.isComplete() && !ending.aborted) throw noReading(readings.missing())
  recording.startedAtMs = deps.unixMs() - (deps.clock.nowMs() - readings.zeroMs())
  recording.temperatureBeforeC = readings.temperatures()
  await deps.store.save(recording)
  deps.onChanged({ ...recording })
}

/** Runs the command, or waits without one, and reports progress meanwhile. */
async function measure(making: Making): Promise<{ wasKilled: boolean }> {
  const { request, deps, readings, tracker, ending } = making
  const sinceFirst = (): number => deps.clock.nowMs() - readings.zeroMs()
  const ticker = setInterval(() => deps.progress(sinceFirst(), tracker.phases.at(-1)?.name ?? ''), 250)
  try {
    if (request.command.length > 0) return await runCommand(making)
    let isOpen = true
    deps.onStarted?.({
      mark(line, lateMs = 0) {
        // A mark after the end would store a phase of which no reading was taken.
        if (isOpen) void markPhase(making, line, Math.max(0, sinceFirst() - lateMs))
      },
      temperatures: () => readings.temperatures(),
      stored: () => making.rows.flush(),
      complete() {
        const { network } = making.recording
        if (network !== undefined) making.recording.network = { ...network, complete: true }
      },
      clock: deps.clock
    })
    const until = request.needsReadings ? AbortSignal.any([ending, readings.over]) : ending
    await pause(request.durationMs ?? 2 ** 31 - 1, until)
    isOpen = false
    return { wasKilled: false }
  } finally {
    clearInterval(ticker)
  }
}

/** Whether a recording that is made of readings alone ended because none came any more. */
const hasLostReadings = ({ request, readings, cancel }: Making): boolean =>
  request.needsReadings && request.command.length === 0 && readings.over.aborted && !cancel.aborted

/** Rests for the idle baseline, then runs the command to its end. */
async function runCommand(making: Making): Promise<{ wasKilled: boolean }> {
  const { request, deps, readings, recording, ending } = making
  deps.progress(0, 'idle baseline')
  await pause(request.idleMs, ending)
  recording.idleMs = deps.clock.nowMs() - readings.zeroMs()
  await deps.store.save(recording)
  if (ending.aborted) return { wasKilled: false }
  const end = await runRecordedCommand(request.command, {
    spawn: deps.spawn,
    cwd: request.cwd,
    stdin: request.stdin,
    nowMs: deps.clock.nowMs,
    signal: ending,
    onPhase: (line, atMs) => void markPhase(making, line, atMs - readings.zeroMs()),
    onOutput: deps.onOutput
  })
  recording.exitCode = end.exitCode
  return end
}

/** Stores what a phase line changed, then announces it: what a client was sent is in the data file. Never rejects. */
async function markPhase({ deps, tracker, rows }: Making, line: PhaseLine, atMs: number): Promise<void> {
  try {
    for (const tracked of tracker.mark(line, atMs)) rows.phases.add(tracked)
    await rows.phases.flush()
    deps.onPhase(line.name, line.state, atMs)
  } catch {
    // A failed write has ended the recording already and is its failure.
  }
}

/** How the recording ended: its state, the steady time of its end in ms, and what to say of it. */
function verdict(
  { recording, cancel, stop, failure }: Making,
  wasKilled: boolean,
  endMs: number
): [Recording['state'], number, string | null] {
  if (cancel.aborted) {
    const killed = wasKilled ? ' Processes of the command that did not end within 5 s were killed.' : ''
    return ['cancelled', endMs, `Cancelled; the samples up to then are kept.${killed}`]
  }
  if (recording.exitCode !== null && recording.exitCode !== 0 && !stop.aborted)
    return ['commandFailed', endMs, `The command ended with code ${recording.exitCode}.`]
  return ['done', endMs, failure()?.message ?? null]
}

/** The rest after the command; its processes that are left on the GPU count as processes of others by now. */
async function rest({ request, deps, recording, cancel, broken }: Making): Promise<void> {
  const fromMs = deps.clock.nowMs()
  if (request.looksAfter && !cancel.aborted) await deps.evidence.lookAfter()
  const wantedMs = Math.max(tailMs(request.intervalMs), request.idleAfterMs)
  await pause(wantedMs - (deps.clock.nowMs() - fromMs), AbortSignal.any([cancel, broken]))
  if (request.command.length > 0) recording.idleAfterMs = deps.clock.nowMs() - fromMs
}

/** Writes what is left and stores the recording with its counts. */
async function save(making: Making, sampler: PowerSampler): Promise<void> {
  const { request, deps, readings, rows, recording } = making
  await deps.evidence.release()
  Object.assign(recording, deps.evidence.fields())
  const areWritten = await rows.flush()
  recording.samples = areWritten ? readings.total() : await deps.store.countSamples(request.id)
  recording.achievedHz = readings.achievedHz()
  recording.restarts = sampler.restarts
  recording.malformedLines = sampler.malformedLines
  const meter = sampler.about?.()
  if (meter !== undefined) recording.meter = meter
  await deps.store.save(recording)
  deps.onChanged({ ...recording })
}

function noReading(missing: readonly number[]): AppError {
  return new AppError(
    'gpu.samplerDied',
    `No reading of GPU ${missing.join(', ')} came within ${firstReadingMs / 1000} s.`,
    'Run nvidia-smi in a terminal; if it hangs or does not show the GPU, restart the machine.'
  )
}
