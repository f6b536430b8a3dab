import type { AppError } from '../../shared/errors'
import type { Gap } from '../../shared/contract/gpu'
import type { MeterAbout } from '../../shared/contract/meter'
import type { GpuSample } from '../gpu/metrics'
import type { PhaseLine } from '../gpu/phaseMarks'

/** Where a source of power readings sends what it reads; times are ms of the host's steady clock. */
export interface PowerHooks {
  onSamples(samples: GpuSample[]): void
  /**
   * What the next readings average over, where they are means: least and greatest reading in it. For what is looked at while it
   * runs; what is kept are the means.
   */
  onStretch?(fromMs: number, toMs: number, meanW: number, lowW: number, highW: number): void
  onGap(gap: Gap): void
  onState(state: { state: 'failed'; error: AppError }): void
  /** The instrument itself saw the begin or end of a phase, on a digital input for example. */
  onMark(line: PhaseLine, tMs: number): void
}

/** A running source of power readings. */
export interface PowerSampler {
  /** Ends it and waits until everything that was read was handed over. */
  stop(): Promise<void>
  readonly restarts: number
  readonly malformedLines: number
  /** What is known of the power meter behind it; absent for GPUs. */
  about?(): MeterAbout
}
