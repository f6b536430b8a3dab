import type { Recording } from '../../../shared/contract/gpu'
import type { Store } from '../../store/store'

/** Columns of gpu_sample that are also kept by the second; a released migration names them, so the list stays. */
const columns = [
  'power_w',
  'power_instant_w',
  'power_average_w',
  'sm_clock_mhz',
  'memory_clock_mhz',
  'utilization_percent',
  'memory_utilization_percent',
  'memory_used_bytes',
  'temperature_c',
  'memory_temperature_c',
  'throttle_mask'
] as const

/** Of every column: lowest and highest reading, sum, and number of readings in a second of one GPU. */
export const secondsTables = `
  CREATE TABLE gpu_second (recording_id VARCHAR NOT NULL, gpu_index INTEGER NOT NULL, second INTEGER NOT NULL,
    ${columns.map((name) => `${name}_min DOUBLE, ${name}_max DOUBLE, ${name}_sum DOUBLE, ${name}_count INTEGER`).join(', ')});
  CREATE TABLE gpu_seconds_until (recording_id VARCHAR PRIMARY KEY, until_second INTEGER NOT NULL);`

/** Readings of another GPU of the same instant may be stored this much later, ms. */
const settleMs = 5_000

/** A second kept of a running recording is behind its readings by this at most, ms. */
const refreshMs = 60_000

/**
 * Recordings by the second, so that a day of readings is drawn without reading it all. Complete seconds are added while a
 * recording runs (`noteStored`), and the rest when they are read.
 */
export interface GpuSeconds {
  /** Brings the seconds of a recording up to date and returns the first that is not kept. */
  update(recording: Pick<Recording, 'id' | 'state'>): Promise<number>
  /** Readings up to `tMs` were stored: adds what is complete now and then, in the background. */
  noteStored(id: string, tMs: number): void
}

/** Keeps recordings summed up by the second, for traces of long ones. */
export function createGpuSeconds(store: Pick<Store, 'read' | 'transactionBeside'>): GpuSeconds {
  const updating = new Map<string, Promise<number>>()
  const notedMs = new Map<string, number>()

  const readUntil = async (id: string): Promise<number> => {
    const [row] = await store.read<{ until_second: number }>(
      'SELECT until_second FROM gpu_seconds_until WHERE recording_id = $1',
      [id]
    )
    return row?.until_second ?? 0
  }
  /** Seconds that no further reading can fall into: of a running recording, those behind its slowest GPU. */
  const completeSeconds = async (
    { id, state }: Pick<Recording, 'id' | 'state'>,
    from: number
  ): Promise<number> => {
    const rows = await store.read<{ last: number }>(
      'SELECT max(t_ms) AS last FROM gpu_sample WHERE recording_id = $1 AND t_ms >= $2 GROUP BY gpu_index',
      [id, from * 1000]
    )
    const lasts = rows.map(({ last }) => last)
    if (lasts.length === 0) return from
    if (state !== 'running') return Math.floor(Math.max(...lasts) / 1000) + 1
    return Math.max(from, Math.floor((Math.min(...lasts) - settleMs) / 1000))
  }
  const extend = async (recording: Pick<Recording, 'id' | 'state'>): Promise<number> => {
    const from = await readUntil(recording.id)
    const until = await completeSeconds(recording, from)
    if (until <= from) return from
    await store.transactionBeside(async (session) => {
      await session.run(insertSql, [recording.id, from * 1000, until * 1000])
      await session.run('INSERT OR REPLACE INTO gpu_seconds_until VALUES ($1, $2)', [recording.id, until])
    })
    return until
  }
  const update: GpuSeconds['update'] = (recording) => {
    const running = updating.get(recording.id)
    if (running !== undefined) return running
    const started = extend(recording).finally(() => updating.delete(recording.id))
    updating.set(recording.id, started)
    return started
  }
  return {
    update,
    noteStored(id, tMs) {
      if (tMs - (notedMs.get(id) ?? 0) < refreshMs) return
      notedMs.set(id, tMs)
      // A failure here costs nothing: the seconds are made when they are read.
      void update({ id, state: 'running' }).catch(() => undefined)
    }
  }
}

const insertSql = `INSERT INTO gpu_second
  SELECT recording_id, gpu_index, floor(t_ms / 1000)::INTEGER AS second,
    ${columns.map((name) => `min(${name}), max(${name}), sum(${name}), count(${name})`).join(', ')}
  FROM gpu_sample WHERE recording_id = $1 AND t_ms >= $2::DOUBLE AND t_ms < $3::DOUBLE
  GROUP BY recording_id, gpu_index, second ORDER BY second, gpu_index`
