import type { Recording } from '../../shared/contract/gpu'
import { AppError } from '../../shared/errors'
import { rowColumns } from '../store/rowColumns'
import type { Store } from '../store/store'

const recordingColumns = rowColumns<Recording>('gpu_recording', [
  { name: 'id', of: ({ id }) => id },
  { name: 'started_at_ms', of: ({ startedAtMs }) => startedAtMs },
  { name: 'state', of: ({ state }) => state },
  { name: 'details', of: (recording) => JSON.stringify(recording) }
])

/** Recordings in the data file, without what was read during them. */
export interface RecordingStore {
  save(recording: Recording): Promise<void>
  /** Newest first. */
  list(): Promise<Recording[]>
  /** @throws energy.noRecording */
  get(id: string): Promise<Recording>
}

/** What recordings lack that were made before energy counters were read. */
const beforeCounters = {
  powerLimitsW: [],
  idleAfterMs: 0,
  counter: { state: 'unavailable', reason: 'Recorded before energy counters were read.', source: null },
  cpuCounter: { state: 'unavailable', reason: 'Recorded before energy counters were read.', source: null },
  strangers: [],
  strangersUnknown: 'Recorded before other processes were looked for.',
  clockLock: null,
  migGpus: []
} satisfies Partial<Recording>

/**
 * Recordings left "running" by a process that was killed become "interrupted" on first use; their samples are kept.
 */
export function createRecordingStore(store: Pick<Store, 'run' | 'all'>): RecordingStore {
  let mended: Promise<void> | undefined
  const ready = (): Promise<void> => (mended ??= markInterrupted(store))
  /** States that could not be written (a full disk): this process knows them better than the data file. */
  const unsaved = new Map<string, Recording>()
  const toRecording = (row: { details: string }): Recording => {
    const stored = { ...beforeCounters, ...(JSON.parse(row.details) as Recording) }
    return unsaved.get(stored.id) ?? stored
  }

  return {
    async save(recording) {
      await ready()
      unsaved.set(recording.id, { ...recording })
      await store.run(recordingColumns.replace, recordingColumns.parameters(recording))
      unsaved.delete(recording.id)
    },
    async list() {
      await ready()
      const rows = await store.all<{ details: string }>(
        'SELECT details::VARCHAR AS details FROM gpu_recording ORDER BY started_at_ms DESC'
      )
      return rows.map(toRecording)
    },
    async get(id) {
      await ready()
      const [row] = await store.all<{ details: string }>(
        'SELECT details::VARCHAR AS details FROM gpu_recording WHERE id = $1',
        [id]
      )
      if (row === undefined) {
        throw new AppError(
          'energy.noRecording',
          `There is no recording ${id}.`,
          'List the recordings (bitbench gpu show) and choose one of them.'
        )
      }
      return toRecording(row)
    }
  }
}

async function markInterrupted(store: Pick<Store, 'run' | 'all'>): Promise<void> {
  const rows = await store.all<{ details: string }>(
    "SELECT details::VARCHAR AS details FROM gpu_recording WHERE state = 'running'"
  )
  for (const { details } of rows) {
    const recording = JSON.parse(details) as Recording
    const counted = await store.all<{ samples: number; last: number | null }>(
      'SELECT count(*) AS samples, max(t_ms) AS last FROM gpu_sample WHERE recording_id = $1',
      [recording.id]
    )
    const last = counted[0]?.last ?? null
    const ended: Recording = {
      ...recording,
      state: 'interrupted',
      samples: counted[0]?.samples ?? 0,
      durationMs: last,
      message:
        'The end of this recording was never stored: Bitbench ended, or the disk was full. What was stored is kept.'
    }
    // A phase that was running then ends with the last reading.
    await store.run(
      'UPDATE gpu_phase SET to_ms = greatest(from_ms, $2::DOUBLE) WHERE recording_id = $1 AND NOT ended AND to_ms = from_ms',
      [recording.id, last ?? 0]
    )
    await store.run(recordingColumns.replace, recordingColumns.parameters(ended))
  }
}
