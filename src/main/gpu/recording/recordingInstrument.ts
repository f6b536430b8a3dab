import { meterPowerField } from '../../../core/energy/sensorModel'
import type { PowerHooks, PowerSampler } from '../../../core/meter/powerSampler'
import type { ReadingClock } from '../../../core/gpu/readingClock'
import type { ClockLock, Gpu, Recording } from '../../../shared/contract/gpu'
import type { Evidence } from './recordingEvidence'

/** What a recording says of a device whose power it holds. */
export type RecordedDevice = Pick<Gpu, 'index' | 'name' | 'uuid' | 'powerField'>

/** A power meter that a recording is made with instead of GPUs. */
export interface RecordingInstrument {
  /** What is measured and by what, e.g. "Text meter at /dev/ttyUSB0". */
  readonly name: string
  readonly origin: Recording['origin']
  start(hooks: PowerHooks): PowerSampler
  /** Clock of its readings; the host's without. */
  readonly clock?: ReadingClock
  /** Frees the port; called once, however the recording ends. */
  close(): Promise<void>
}

/** What is recorded: GPUs or a meter. */
export interface RecordingSubject {
  readonly gpus: readonly RecordedDevice[]
  readonly driverVersion: string
  readonly origin: Recording['origin']
  startSampler(hooks: PowerHooks, recordingId: string): Promise<PowerSampler>
  /** Clock of the readings; the host's without. */
  readonly clock?: ReadingClock
  /** A recording without a command ends when no more readings come. */
  readonly needsReadings?: boolean
  /** `onLocking` is awaited before clocks are locked. */
  gatherEvidence(onLocking: (lock: ClockLock) => Promise<void>): Promise<Evidence>
}

/** A power meter as the one device of a recording; counters of GPUs and their processes are not looked for. */
export function meterSubject(instrument: RecordingInstrument): RecordingSubject {
  return {
    gpus: [{ index: 0, name: instrument.name, uuid: null, powerField: meterPowerField }],
    driverVersion: '',
    origin: instrument.origin,
    needsReadings: true,
    startSampler: async (hooks) => instrument.start(hooks),
    ...(instrument.clock && { clock: instrument.clock }),
    gatherEvidence: async () => noEvidence
  }
}

const unread = { state: 'unavailable' as const, reason: 'Read by a power meter.', source: null }

/** Beside a power meter nothing else is read. */
const noEvidence: Evidence = {
  fields: () => ({
    ...{ counter: unread, cpuCounter: unread, strangers: [], strangersUnknown: null },
    ...{ clockLock: null, migGpus: [], powerLimitsW: [null] }
  }),
  startCounters: () => undefined,
  stopCounters: async () => undefined,
  lookAfter: async () => undefined,
  release: async () => undefined
}
