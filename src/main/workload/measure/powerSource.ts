import type { ComputeApp } from '../../../core/gpu/computeApps'
import { normalPciBusId } from '../../../core/gpu/cudaOrder'
import type { LiveRecording } from '../../../core/gpu/phaseMarks'
import type { WorkloadRun } from '../../../shared/contract/workload'
import type { SessionEnergy } from '../../../shared/contract/workload/workloadEvidence'
import type { GpuSensor } from '../../../shared/contract/gpu'
import { AppError } from '../../../shared/errors'

/** What a workload run needs of power recording; the gpu and energy nouns give it in compose. */
export interface PowerSource {
  /** Why there is no power; null when a GPU (or its stand-in) is ready. */
  missing(): Promise<string | null>
  /** Processes on the GPUs; called before the runner starts, so that it is none of them. Undefined where they cannot be listed. */
  others(): Promise<readonly ComputeApp[] | undefined>
  /**
   * Starts a recording of the GPU at `pciBusId`, or of the first one where the runner names none or it is not found.
   *
   * @throws gpu.noDriver, gpu.samplerDied, input.unsupported when that GPU reports no power, input.invalid when
   * another recording runs, tool.failed when its clock was to be locked and nvidia-smi refused
   */
  start(order: PowerOrder): Promise<PowerSession>
}

/** A recording of power to start. */
export interface PowerOrder {
  readonly title: string
  /** Time between readings, ms. */
  readonly intervalMs: number
  /** As the runner names it. */
  readonly pciBusId: string | undefined
  /** Locked meanwhile, MHz; undefined leaves the clocks alone. */
  readonly lockClockMhz: number | undefined
  /** As `others` returned them. */
  readonly othersBefore: readonly ComputeApp[] | undefined
  /** Gets what was put right before the recording started: clocks that an earlier one had left locked. */
  onNote(text: string): void
}

/** A running recording that the conductor marks. */
export interface PowerSession extends Pick<LiveRecording, 'mark' | 'stored'> {
  readonly recordingId: string
  readonly about: NonNullable<WorkloadRun['power']>
  readonly sensor: GpuSensor
  /** Of the GPU that is recorded; null when it reports none. */
  readonly pciBusId: string | null
  /** Last temperature of the GPU, degrees Celsius; null where it reports none. */
  temperatureC(): number | null
  /** Ends the recording; what was taken is kept. Returns what ended it early, null when nothing did. */
  finish(): Promise<string | null>
}

/** Energy of the phases of a finished recording. */
export type EnergyOf = (recordingId: string) => Promise<SessionEnergy>

/**
 * The runner has to compute on the GPU whose power is recorded: CUDA counts GPUs in another order than nvidia-smi.
 *
 * @throws input.invalid when it says that it computes on another one
 */
export function requireSameGpu(
  runnerBusId: string | undefined,
  { pciBusId, about }: Pick<PowerSession, 'pciBusId' | 'about'>
): void {
  if (runnerBusId === undefined || pciBusId === null) return
  const [computes, recorded] = [normalPciBusId(runnerBusId), normalPciBusId(pciBusId)]
  if (computes === null || recorded === null || computes === recorded) return
  throw new AppError(
    'input.invalid',
    `The runner computes on the GPU at ${computes}; power is recorded of ${about.gpu} at ${recorded}.`,
    'Choose the device with that bus id (CUDA_DEVICE_ORDER=PCI_BUS_ID and CUDA_VISIBLE_DEVICES), or run without power.'
  )
}

/**
 * Whether recorded power is that of the device that computes. A real GPU's power says nothing about a network on the
 * processor; a stand-in's is simulated, and marked so, whatever computes.
 */
export function isPowerOfRunner(device: string, { about }: Pick<PowerSession, 'about'>): boolean {
  return about.origin !== 'measured' || !/^cpu\b/i.test(device)
}
