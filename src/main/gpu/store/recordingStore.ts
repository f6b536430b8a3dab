import { z } from 'zod'
import { recordingSchema, type Recording } from '../../../shared/contract/gpu'
import { AppError } from '../../../shared/errors'
import { parseJson, unreadable, type ParsedJson } from '../../store/recordTable'
import { rowColumns, type UnreadableRow } from '../../store/rowColumns'
import type { Store } from '../../store/store'

const recordingColumns = rowColumns<Recording>('gpu_recording', [
  { name: 'id', of: ({ id }) => id },
  { name: 'started_at_ms', of: ({ startedAtMs }) => startedAtMs },
  { name: 'state', of: ({ state }) => state },
  { name: 'details', of: (recording) => JSON.stringify(recording) }
])

/** Recordings in the data file, without what was read during them. */
export interface RecordingStore {
  save(recording: Recording): Promise<void>
  /** Newest first, without rows that no longer fit. */
  list(): Promise<Recording[]>
  /** Rows that no longer fit, with their problem. */
  unreadable(): Promise<(UnreadableRow & { startedAtMs: number })[]>
  /** @throws energy.noRecording, store.corrupt when its row no longer fits */
  get(id: string): Promise<Recording>
  /** Returns when the recording is stored, readable or not. @throws energy.noRecording */
  requireRow(id: string): Promise<void>
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

/** A recording as any version stored it. */
const storedRecordingSchema = z.preprocess(
  (json) => (typeof json === 'object' && json !== null ? { ...beforeCounters, ...json } : json),
  recordingSchema
)

/** Rows of gpu_recording, each with its recording or what is wrong with it. */
interface RecordingRow {
  id: string
  startedAtMs: number
  stored: ParsedJson<Recording>
}

/**
 * Recordings left "running" by a process that was killed become "interrupted" on first use; their samples are kept.
 */
export function createRecordingStore(store: Pick<Store, 'run' | 'all'>): RecordingStore {
  let mended: Promise<void> | undefined
  const ready = (): Promise<void> => (mended ??= markInterrupted(store))
  /** States that could not be written (a full disk): this process knows them better than the data file. */
  const unsaved = new Map<string, Recording>()
  const all = async (): Promise<RecordingRow[]> => {
    await ready()
    return await readRows(store, 'ORDER BY started_at_ms DESC')
  }
  const requireRow = async (id: string): Promise<RecordingRow> => {
    await ready()
    const [row] = await readRows(store, 'WHERE id = $1', [id])
    if (row !== undefined) return row
    throw new AppError(
      'energy.noRecording',
      `There is no recording ${id}.`,
      'List the recordings (bitbench gpu show) and choose one of them.'
    )
  }

  return {
    async save(recording) {
      await ready()
      unsaved.set(recording.id, { ...recording })
      await store.run(recordingColumns.replace, recordingColumns.parameters(recording))
      unsaved.delete(recording.id)
    },
    list: async () => (await all()).flatMap(({ id, stored }) => unsaved.get(id) ?? stored.value ?? []),
    unreadable: async () =>
      (await all()).flatMap(({ id, startedAtMs, stored: { problem } }) =>
        problem === null ? [] : [{ id, startedAtMs, problem }]
      ),
    async get(id) {
      const { stored } = await requireRow(id)
      const recording = unsaved.get(id) ?? stored.value
      if (recording === null) throw unreadable(id, stored.problem ?? '')
      return recording
    },
    requireRow: async (id) => void (await requireRow(id))
  }
}

/** Reads rows of gpu_recording; `rest` is what follows the table in the SELECT. */
async function readRows(
  store: Pick<Store, 'all'>,
  rest: string,
  params: string[] = []
): Promise<RecordingRow[]> {
  const rows = await store.all<{ id: string; startedAtMs: number; details: string }>(
    `SELECT id, started_at_ms AS "startedAtMs", details::VARCHAR AS details FROM gpu_recording ${rest}`,
    params
  )
  return rows.map(({ details, ...row }) => ({ ...row, stored: parseJson(details, storedRecordingSchema) }))
}

async function markInterrupted(store: Pick<Store, 'run' | 'all'>): Promise<void> {
  for (const { stored } of await readRows(store, "WHERE state = 'running'")) {
    if (stored.value === null) continue
    const recording = stored.value
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
