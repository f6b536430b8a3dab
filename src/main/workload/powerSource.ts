import type { PhaseLine } from '../../core/gpu/phaseMarks'
import type { WorkloadRun } from '../../shared/contract/workload'
import type { SessionEnergy } from '../../shared/contract/workloadEvidence'
import type { GpuSensor } from '../../shared/contract/gpu'

/** What a workload run needs of power recording; the gpu and energy nouns give it in compose. */
export interface PowerSource {
  /** Why there is no power; null when a GPU (or its stand-in) is ready. */
  missing(): Promise<string | null>
  /** Starts a recording. @throws gpu.noDriver, gpu.samplerDied, input.invalid when another recording runs */
  start(title: string, intervalMs: number): Promise<PowerSession>
}

/** A running recording that the conductor marks. */
export interface PowerSession {
  readonly recordingId: string
  readonly about: NonNullable<WorkloadRun['power']>
  readonly sensor: GpuSensor
  /** Dated on arrival. */
  mark(line: PhaseLine): void
  /** Ends the recording; what was taken is kept. @throws what ended it early */
  finish(): Promise<void>
}

/** Energy of the phases of a finished recording. */
export type EnergyOf = (recordingId: string) => Promise<SessionEnergy>
