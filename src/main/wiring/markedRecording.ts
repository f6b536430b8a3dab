import type { LiveRecording } from '../../core/gpu/phaseMarks'
import type { GpuService } from '../gpu/gpuService'
import type { RunningRecording } from '../gpu/recording/recordingJobs'

/** A recording without a command, whose phases the caller marks. */
export interface MarkedRecording extends LiveRecording {
  readonly recordingId: string
  /** Aborted when the recording has ended, whoever ended it. */
  readonly ended: AbortSignal
  /** Ends it; what was recorded is kept. @throws what made it fail */
  finish(): Promise<void>
}

/**
 * Starts a recording and waits for its first reading.
 *
 * @param record starts it and calls its argument when the first reading has come
 * @throws what makes it fail before that
 */
export async function startMarkedRecording(
  gpu: Pick<GpuService, 'handlers'>,
  record: (onStarted: (live: LiveRecording) => void) => Promise<Omit<RunningRecording, 'jobId'>>
): Promise<MarkedRecording> {
  let started!: (live: LiveRecording) => void
  const ready = new Promise<LiveRecording>((resolve) => (started = resolve))
  const { recordingId, result } = await record(started)
  // One that fails before its first reading rejects here.
  const live = await Promise.race([ready, result.then(() => ready)])
  const ended = new AbortController()
  result.catch(() => undefined).finally(() => ended.abort())
  return {
    ...{ ...live, recordingId, ended: ended.signal },
    async finish() {
      const { signal } = new AbortController()
      // One that has ended by itself cannot be stopped; `result` throws why it ended.
      await gpu.handlers['gpu.stopRecording']({ id: recordingId }, { signal }).catch(() => undefined)
      await result
    }
  }
}
