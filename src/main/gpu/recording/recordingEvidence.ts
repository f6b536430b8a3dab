import { computeAppFields, parseComputeApps, type ComputeApp } from '../../../core/gpu/computeApps'
import type { ClockLock, CounterState, Gpu, GpuProcess, Recording } from '../../../shared/contract/gpu'
import { AppError } from '../../../shared/errors'
import { lockClocks, type LockedClocks } from '../smi/clockLock'
import { startCounters, type CounterReading, type Meter } from '../counters/counterSampler'
import { openNvml } from '../counters/nvml'
import { openRapl } from '../counters/rapl'
import type { SmiOrigin } from '../smi/smiOrigin'
import { askSmi, type SmiCommand, type Spawn } from '../smi/smiProcess'

/** What is read beside the power. */
export interface EvidenceOptions {
  smi: SmiCommand
  origin: SmiOrigin
  spawn: Spawn
  gpus: readonly Gpu[]
  lockClockMhz: number | undefined
  /** Awaited before the clocks are locked. */
  onLocking: (lock: ClockLock) => Promise<void>
  /** A clock that an earlier recording left locked; null when none is. */
  leftClock: ClockLock | null
  /** NVML's shared library; undefined for the driver's own. */
  nvmlLibrary: string | undefined
  /** The powercap tree; undefined for the system's own. */
  powercapFolder: string | undefined
  /** Processes on the GPUs before the work began; undefined to look now. */
  othersBefore?: readonly ComputeApp[] | undefined
  nowMs: () => number
}

type EvidenceFields = Pick<
  Recording,
  'counter' | 'cpuCounter' | 'strangers' | 'strangersUnknown' | 'clockLock' | 'migGpus' | 'powerLimitsW'
>

/** What is read and done beside the power of one recording. */
export interface Evidence {
  /** As known so far; belongs into the recording. */
  fields(): EvidenceFields
  /** Reads the counters until `stopCounters`. */
  startCounters(onReading: (reading: CounterReading) => void): void
  stopCounters(): Promise<void>
  /** The command has ended: records the processes that are still on the GPUs as those of others. */
  lookAfter(): Promise<void>
  /** Frees clocks and libraries; also after an error, any number of times. */
  release(): Promise<void>
}

/** Counters move about every 100 ms: twice as often is enough to see each step. */
const counterEveryMs = 50

/**
 * Looks at what surrounds a recording before it starts: other processes, energy counters, clocks.
 *
 * @throws tool.failed when clocks were to be locked and nvidia-smi refused; everything else that is missing is said
 *   in the fields
 */
export async function gatherEvidence(options: EvidenceOptions): Promise<Evidence> {
  const { lockClockMhz: mhz } = options
  if (mhz !== undefined) await options.onLocking({ smClockMhz: mhz, restored: false, message: null })
  const lock = mhz === undefined ? null : await lockClocks(options, mhz)
  try {
    return await evidenceBeside(options, lock)
  } catch (cause) {
    await lock?.restore()
    throw cause
  }
}

/** The evidence of a recording whose clocks are locked, or are not to be. */
async function evidenceBeside(options: EvidenceOptions, lock: LockedClocks | null): Promise<Evidence> {
  const { gpus, nowMs } = options
  const strangers: GpuProcess[] = []
  let strangersUnknown: string | null = null
  const look = async (seen: GpuProcess['seen']): Promise<void> => {
    try {
      const known = seen === 'before' ? options.othersBefore : undefined
      strangers.push(...processesOn(gpus, known ?? (await listComputeApps(options)), seen))
    } catch (reason) {
      strangersUnknown = AppError.from(reason).message
    }
  }
  let clockLock: ClockLock | null = lock?.state() ?? options.leftClock
  await look('before')
  const rapl = await openRapl(options.powercapFolder)
  const nvml = await openGpuMeters(options)
  const meters: Meter[] = [
    ...nvml.meters,
    ...rapl.zones.map((zone): Meter => ({ source: 'rapl', name: zone.name, gpuIndex: -1, readJ: zone.readJ }))
  ]
  let counter = nvml.state
  let cpuCounter: CounterState =
    rapl.zones.length > 0
      ? { state: 'read', reason: null, source: rapl.zones.map((zone) => zone.name).join(', ') }
      : { state: 'unavailable', reason: rapl.reason, source: null }
  let running: ReturnType<typeof startCounters> | undefined
  let released: Promise<void> | undefined

  const evidence: Evidence = {
    fields: () => ({
      counter,
      cpuCounter,
      strangers: [...strangers],
      strangersUnknown,
      clockLock,
      migGpus: gpus.filter((gpu) => gpu.migEnabled === true).map((gpu) => gpu.index),
      powerLimitsW: gpus.map((gpu) => gpu.powerLimitW)
    }),
    startCounters(onReading) {
      running = startCounters(meters, {
        everyMs: counterEveryMs,
        nowMs,
        onReading,
        onFailure(meter, cause) {
          const reason = `It stopped being readable: ${AppError.from(cause).message}`
          if (meter.source === 'nvml') counter = { ...counter, state: 'unavailable', reason }
          else cpuCounter = { ...cpuCounter, state: 'unavailable', reason }
        }
      })
    },
    stopCounters: async () => running?.stop(),
    lookAfter: () => look('after'),
    release() {
      released ??= (async () => {
        await running?.stop()
        nvml.close()
        if (lock !== null) clockLock = await lock.restore()
      })()
      return released
    }
  }
  return evidence
}

/**
 * Compute processes on all GPUs.
 *
 * @throws tool.failed when nvidia-smi does not list them
 */
export async function listComputeApps({
  spawn,
  smi
}: Pick<EvidenceOptions, 'spawn' | 'smi'>): Promise<ComputeApp[]> {
  const listing = await askSmi(spawn, smi, [
    `--query-compute-apps=${computeAppFields.join(',')}`,
    '--format=csv,noheader'
  ])
  if (listing.exitCode !== 0) {
    const said = `${listing.stdout}${listing.stderr}`.trim().split('\n')[0] ?? ''
    throw new AppError(
      'tool.failed',
      `nvidia-smi did not list the processes on the GPU${said === '' ? '' : `: ${said}`}.`,
      'Look at nvidia-smi before trusting the energy figures.'
    )
  }
  return parseComputeApps(listing.stdout)
}

/** Those of them that are on GPUs of the recording. */
function processesOn(
  gpus: readonly Gpu[],
  apps: readonly ComputeApp[],
  seen: GpuProcess['seen']
): GpuProcess[] {
  return apps.flatMap((app) => {
    const gpu = gpus.find((candidate) => candidate.uuid === app.gpuUuid)
    if (gpu === undefined) return []
    return [{ gpuIndex: gpu.index, pid: app.pid, name: app.name, usedMemoryBytes: app.usedMemoryBytes, seen }]
  })
}

async function openGpuMeters(
  options: EvidenceOptions
): Promise<{ meters: Meter[]; state: CounterState; close(): void }> {
  const { origin, gpus, nvmlLibrary } = options
  const none = (reason: string): { meters: Meter[]; state: CounterState; close(): void } => ({
    meters: [],
    state: { state: 'unavailable', reason, source: null },
    close: () => undefined
  })
  // A real counter beside invented power would compare two different things.
  if (origin === 'simulated' && nvmlLibrary === undefined) {
    return none('nvidia-smi is a stand-in, and no library for NVML (BITBENCH_NVML).')
  }
  try {
    const nvml = await openNvml(nvmlLibrary)
    try {
      const meters: Meter[] = []
      for (const gpu of gpus) {
        meters.push({ source: 'nvml', name: '', gpuIndex: gpu.index, readJ: await nvml.energyCounter(gpu) })
      }
      return { meters, state: { state: 'read', reason: null, source: nvml.source }, close: nvml.close }
    } catch (reason) {
      nvml.close()
      return none(AppError.from(reason).message)
    }
  } catch (reason) {
    return none(AppError.from(reason).message)
  }
}
