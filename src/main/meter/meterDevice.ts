import type { PowerHooks, PowerSampler } from '../../core/meter/powerSampler'
import type { ReadingClock } from '../../core/gpu/readingClock'
import type { Recording } from '../../shared/contract/gpu'

/** Bytes to and from a meter; a Link of the board noun fits. */
export interface MeterLine {
  write(bytes: Uint8Array, timeoutMs?: number): Promise<void>
  onData(listener: (bytes: Uint8Array) => void): () => void
  onClose(listener: (reason: { text: string; hint?: string }) => void): () => void
  close(): Promise<void>
}

/** An open power meter that gives readings. */
export interface MeterDevice {
  /** Kind and port, for lists. */
  readonly name: string
  readonly origin: Recording['origin']
  /** Time between stored readings, ms. */
  readonly intervalMs: number
  /** Passes on readings from now on. One sampler at a time. */
  start(hooks: PowerHooks): PowerSampler
  /** Clock of its readings; the host's without. */
  readonly clock?: ReadingClock
  close(): Promise<void>
}
