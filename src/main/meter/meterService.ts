import { virtualPpk2Port, type MeterSetup, type meterContract } from '../../shared/contract/meter'
import type { HandlersOf, StopSignal } from '../../shared/contract/framework/define'
import type { LiveRecording, PhaseLine } from '../../core/gpu/phaseMarks'
import type { GpuSample } from '../../core/gpu/metrics'
import { metricAt } from '../../core/gpu/metrics'
import type { ReadingClock } from '../../core/gpu/readingClock'
import type { MeasuredNetwork, Recording } from '../../shared/contract/gpu'
import { AppError } from '../../shared/errors'
import type { MeterDevice, MeterLine } from './meterDevice'
import type { WatchedMeter } from './live/liveMeter'
import { createLiveMeters, type LiveMetersDeps } from './live/liveMeters'
import { openPhaseReader, type PhaseReader } from './phaseReader'
import { openPpk2 } from './ppk2Device'
import { shareMeter } from './sharedMeter'
import { openTextMeter } from './textMeterDevice'
import { openVirtualPpk2, type MeteredBoards } from './virtualPpk2Line'

type Handlers = HandlersOf<typeof meterContract>

/** What is recorded, without the meter; times in ms. */
export interface MeterRecordArguments {
  title?: string | undefined
  command: string[]
  cwd?: string | undefined
  durationMs?: number | undefined
  idleMs: number
  idleAfterMs: number
  /** The network whose energy on a board is measured. */
  network?: MeasuredNetwork | undefined
}

/** A recording that runs. */
export interface StartedRecording {
  jobId: string
  recordingId: string
  result: Promise<Recording>
}

/** Without a command: gets what marks phases, when the first reading has come. */
export type OnRecordingStarted = (live: LiveRecording) => void

/** The recording that keeps what a meter reads beside work. */
export interface KeptTrace {
  recordingId: string
  mark(line: PhaseLine): void
  /** Aborted when it has ended, whoever ended it. */
  ended: AbortSignal
  /** Ends it. @throws what made it fail */
  finish(): Promise<void>
}

/** Stores what a meter reads, until it is finished. */
export type KeepTrace = (device: MeterDevice) => Promise<KeptTrace>

/** What the meter service is made from. */
export interface MeterServiceDeps extends LiveMetersDeps {
  openLine(setup: MeterSetup): Promise<MeterLine>
  /** Records an open meter, which it closes at the end; the gpu noun's recordings. */
  record(
    args: MeterRecordArguments & { intervalMs: number },
    device: MeterDevice,
    onOutput?: (stream: 'stdout' | 'stderr', text: string) => void,
    onStarted?: OnRecordingStarted
  ): Promise<StartedRecording>
  /** Virtual boards, for the simulated meter. */
  virtualBoards: MeteredBoards & Omit<ReadingClock, 'caughtUp'>
  /** Steady clock, ms. */
  steadyMs(): number
}

/** Power meters for the contract and the command line. */
export interface MeterService {
  handlers: Handlers
  /**
   * Opens a meter whose readings are integrated over what runs meanwhile, and stored by `keep` as they come.
   *
   * @throws as record, and what `keep` throws
   */
  openPhases(setup: MeterSetup, keep: KeepTrace): Promise<PhaseReader>
  /** @throws meter.silent, meter.unreadable, and what opening the port throws */
  record(
    setup: MeterSetup,
    args: MeterRecordArguments,
    onOutput?: (stream: 'stdout' | 'stderr', text: string) => void,
    onStarted?: OnRecordingStarted
  ): Promise<StartedRecording>
}

/** Returns the service of power meters. */
export function createMeterService(deps: MeterServiceDeps): MeterService {
  const open = async (setup: MeterSetup): Promise<MeterDevice> => {
    const clock = { nowMs: () => deps.steadyMs() }
    const isVirtual = setup.port === virtualPpk2Port
    if (setup.kind === 'text' && !isVirtual) return openTextMeter(await deps.openLine(setup), setup, clock)
    const { supplyV } = setup
    if (supplyV === undefined) throw noSupply()
    if (!isVirtual)
      return openPpk2(await deps.openLine(setup), { ...setup, supplyV, origin: 'measured' }, clock)
    const { nowMs, leaveOutWaiting } = deps.virtualBoards
    const line = openVirtualPpk2(deps.virtualBoards)
    const device = await openPpk2(
      line,
      { ...setup, supplyV, origin: 'simulated' },
      { nowMs: () => line.measuredMs() }
    )
    return { ...device, clock: { nowMs, leaveOutWaiting, caughtUp: () => line.caughtUp() } }
  }
  const live = createLiveMeters(deps)
  const watch = async (setup: MeterSetup): Promise<WatchedMeter> => {
    const isText = setup.kind === 'text' && setup.port !== virtualPpk2Port
    return live.watch(await open(setup), isText ? null : (setup.supplyV ?? null))
  }
  const record: MeterService['record'] = async (setup, args, onOutput, onStarted) => {
    const { device, keptIn } = await watch(setup)
    try {
      const request = { ...args, intervalMs: device.intervalMs }
      const started = await deps.record(request, device, onOutput, onStarted)
      keptIn(started.recordingId)
      return started
    } catch (cause) {
      await device.close().catch(() => undefined)
      throw cause
    }
  }
  return {
    record,
    openPhases: async (setup, keep) => await openKeptPhases(await watch(setup), keep, () => deps.steadyMs()),
    handlers: {
      ...live.handlers,
      async 'meter.read'({ durationMs, ...setup }, { signal }) {
        const { device } = await watch(setup)
        try {
          return await readFor(device, durationMs, signal)
        } finally {
          await device.close()
        }
      },
      async 'meter.record'(args) {
        const { jobId, recordingId } = await record(args, args)
        return { jobId, recordingId }
      }
    }
  }
}

/** Integrates and stores what one meter reads. What is measured counts also where it can no longer be stored: the recording says so. */
async function openKeptPhases(
  { device, began, keptIn }: WatchedMeter,
  keep: KeepTrace,
  steadyMs: () => number
): Promise<PhaseReader> {
  const shared = shareMeter(device)
  let kept: KeptTrace | undefined
  const reader = await openPhaseReader({ ...shared.reader(), close: shared.close }, steadyMs, (of, atMs) => {
    const over = began(of.name, atMs)
    kept?.mark({ ...of, state: 'begin' })
    return (toMs) => {
      over(toMs)
      kept?.mark({ ...of, state: 'end' })
    }
  })
  try {
    kept = await keep(shared.reader())
  } catch (cause) {
    await reader.close().catch(() => undefined)
    throw cause
  }
  const { recordingId, ended, finish } = kept
  let isClosing = false
  keptIn(recordingId)
  ended.addEventListener('abort', () => isClosing || keptIn(null))
  return {
    ...reader,
    async close() {
      isClosing = true
      await finish().catch(() => undefined)
      await reader.close()
    }
  }
}

function noSupply(): AppError {
  return new AppError(
    'input.invalid',
    'A PPK2 needs the supply voltage of the board.',
    'Give it in V (--voltage 3.3): its calibration depends on it, and in source mode it is what the board gets.'
  )
}

const readCancelled = (): AppError => new AppError('job.cancelled', 'Reading was cancelled.', 'Read again.')

type ReadResult = Awaited<ReturnType<Handlers['meter.read']>>

/** Mean, lowest and highest power of a while. */
async function readFor(device: MeterDevice, durationMs: number, signal: StopSignal): Promise<ReadResult> {
  // Aborted while the meter was opened: such a signal calls no listener any more.
  if (signal.aborted) throw readCancelled()
  const sum = { count: 0, totalW: 0, minW: Infinity, maxW: -Infinity, firstMs: NaN, lastMs: NaN }
  let failure: AppError | undefined
  const take = ({ tMs, values }: GpuSample): void => {
    const powerW = values[metricAt.powerW]
    if (sum.count === 0) sum.firstMs = tMs
    sum.count++
    sum.totalW += powerW
    sum.minW = Math.min(sum.minW, powerW)
    sum.maxW = Math.max(sum.maxW, powerW)
    sum.lastMs = tMs
  }
  const sampler = await new Promise<ReturnType<MeterDevice['start']>>((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve(started)
    }
    const timer = setTimeout(end, durationMs)
    signal.addEventListener('abort', end)
    const started = device.start({
      onSamples: (samples) => samples.forEach(take),
      onGap: () => undefined,
      onMark: () => undefined,
      onState({ error }) {
        failure = error
        // Not before `started` is known: a meter may have failed already.
        setImmediate(end)
      }
    })
  })
  await sampler.stop()
  if (failure !== undefined) throw failure
  if (signal.aborted) throw readCancelled()
  if (sum.count === 0) {
    throw new AppError('meter.silent', `${device.name} sent no reading meanwhile.`, 'Read for longer.')
  }
  const spanMs = sum.lastMs - sum.firstMs
  return {
    readings: sum.count,
    ...{ meanW: sum.totalW / sum.count, minW: sum.minW, maxW: sum.maxW },
    achievedHz: spanMs > 0 ? ((sum.count - 1) * 1000) / spanMs : null,
    malformedLines: sampler.malformedLines,
    about: sampler.about!()
  }
}
