import type { TrackedPhase } from '../../../core/gpu/phaseMarks'
import type { GpuSample } from '../../../core/gpu/metrics'
import type { Gap, HostLoad } from '../../../shared/contract/gpu'
import { createBatchWriter, type BatchWriter } from '../live/batchWriter'
import type { CounterReading } from '../counters/counterSampler'
import type { GpuStore } from '../store/gpuStore'

/**
 * Samples and counters go out every two seconds, the host's load every five: each write costs a commit. Who needs what was
 * read up to now (a workload's trial) has it written then.
 */
const everyTwoSeconds = 2_000
const everyFiveSeconds = 5_000

/** What a recording writes while it runs. */
export interface RecordingRows {
  readonly samples: BatchWriter<GpuSample>
  readonly loads: BatchWriter<HostLoad>
  readonly counters: BatchWriter<CounterReading>
  /** Written at once, as phases are: clients receive them. */
  readonly gaps: BatchWriter<Gap>
  readonly phases: BatchWriter<TrackedPhase>
  /** Writes everything added so far; false when some of it could not be written. Never rejects. */
  flush(): Promise<boolean>
}

/**
 * Returns the writers of one recording; times in its rows are ms from its first reading.
 *
 * @param onFailure called by the first failed write of each kind of row
 */
export function createRecordingRows(
  store: Pick<GpuStore, 'addSamples' | 'addHostLoad' | 'addCounters' | 'addGaps' | 'savePhases'>,
  recordingId: string,
  onFailure: (cause: unknown) => void
): RecordingRows {
  const atOnce = { everyMs: 0, onFailure }
  const rows = {
    samples: createBatchWriter<GpuSample>((batch) => store.addSamples(recordingId, batch), {
      ...{ everyMs: everyTwoSeconds, onFailure }
    }),
    loads: createBatchWriter<HostLoad>((batch) => store.addHostLoad(recordingId, batch), {
      ...{ everyMs: everyFiveSeconds, onFailure }
    }),
    counters: createBatchWriter<CounterReading>((batch) => store.addCounters(recordingId, batch), {
      ...{ everyMs: everyTwoSeconds, onFailure }
    }),
    gaps: createBatchWriter<Gap>((batch) => store.addGaps(recordingId, batch), atOnce),
    phases: createBatchWriter<TrackedPhase>((batch) => store.savePhases(recordingId, batch), atOnce)
  }
  return {
    ...rows,
    async flush() {
      const written = await Promise.allSettled(Object.values(rows).map((writer) => writer.flush()))
      return written.every(({ status }) => status === 'fulfilled')
    }
  }
}
