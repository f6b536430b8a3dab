import type { ReadingSpan } from '../../../core/energy/powerTrace'
import type { GpuSample } from '../../../core/gpu/metrics'
import type { Envelope, GpuMetric, Recording } from '../../../shared/contract/gpu'
import { columnName } from '../../store/fieldColumns'
import type { UnreadableRow } from '../../store/rowColumns'
import type { ColumnValues, SqlValue, Store } from '../../store/store'
import { readEnvelope, readLongEnvelope, secondsFromMs } from './gpuEnvelope'
import { createGpuSeconds } from './gpuSeconds'
import { metricColumns, recordingTables } from './gpuTables'
import { createRecordedParts, type RecordedParts } from '../recording/recordedParts'
import { createRecordingStore } from './recordingStore'
import { exportSamples, importSamples, type ImportedSamples } from '../recordingFiles'

/**
 * Takes readings as columns: GPU index, time in ms, then one column for each metric, NaN where unavailable. The times of
 * a GPU ascend.
 */
export type ReadingSink = (columns: readonly Float64Array[]) => void | Promise<void>

/** Recordings as the rest of Bitbench reads them; also what the energy service reads. */
export interface GpuStore extends RecordedParts {
  save(recording: Recording): Promise<void>
  addSamples(id: string, samples: readonly GpuSample[]): Promise<void>
  /** Newest first, without rows that no longer fit. */
  list(): Promise<Recording[]>
  /** Rows that no longer fit, with their problem. */
  unreadable(): Promise<(UnreadableRow & { startedAtMs: number })[]>
  /** @throws energy.noRecording, store.corrupt */
  recording(id: string): Promise<Recording>
  /** All readings of a recording, see ReadingSink. `begin` is called again when they turn out to be out of order. */
  readings(id: string, metrics: readonly GpuMetric[], begin: () => ReadingSink): Promise<void>
  /** Readings of one metric of one GPU in a span, without the column of the GPU. */
  readingsWithin(id: string, metric: GpuMetric, span: ReadingSpan, begin: () => ReadingSink): Promise<void>
  /** Time of the last stored sample, ms after the first; 0 without any. */
  lastMs(id: string): Promise<number>
  /** Samples that are stored of a recording. */
  countSamples(id: string): Promise<number>
  /**
   * Min, max and mean of one metric of one GPU per time bucket; null where no reading fell. Long buckets begin and end on
   * whole seconds, see the result's fromMs and stepMs.
   */
  envelope(
    id: string,
    gpuIndex: number,
    metric: GpuMetric,
    fromMs: number,
    toMs: number,
    buckets: number
  ): Promise<Envelope>
  exportSamples(id: string, file: string, format: 'csv' | 'parquet'): Promise<number>
  /** Samples of a file that exportSamples wrote become those of a recording; returns what is known of it. */
  importSamples(id: string, file: string, format: 'csv' | 'parquet'): Promise<ImportedSamples>
  delete(id: string): Promise<void>
}

/** The gpu noun's part of the data file. */
export function createGpuStore(store: Store): GpuStore {
  const recordings = createRecordingStore(store)
  const seconds = createGpuSeconds(store)

  return {
    ...createRecordedParts(store),
    save: (recording) => recordings.save(recording),
    list: () => recordings.list(),
    unreadable: () => recordings.unreadable(),
    recording: (id) => recordings.get(id),
    async addSamples(id, samples) {
      await store.appendColumns('gpu_sample', samples.length, sampleColumns(id, samples))
      if (samples.length > 0) seconds.noteStored(id, samples[samples.length - 1].tMs)
    },
    readings: (id, metrics, begin) =>
      passReadings(
        store,
        `SELECT gpu_index, t_ms, ${metrics.map(columnName).join(', ')} FROM gpu_sample WHERE recording_id = $1`,
        [id],
        ascendingPerGpu,
        begin
      ),
    readingsWithin: (id, metric, { gpuIndex, fromMs, toMs }, begin) =>
      passReadings(
        store,
        `SELECT t_ms, ${columnName(metric)} FROM gpu_sample
         WHERE recording_id = $1 AND gpu_index = $2 AND t_ms BETWEEN $3::DOUBLE AND $4::DOUBLE`,
        [id, gpuIndex, fromMs, toMs],
        ascending,
        begin
      ),
    async lastMs(id) {
      const [row] = await store.read<{ last: number | null }>(
        'SELECT max(t_ms) AS last FROM gpu_sample WHERE recording_id = $1',
        [id]
      )
      return row?.last ?? 0
    },
    async countSamples(id) {
      const [row] = await store.read<{ samples: number }>(
        'SELECT count(*) AS samples FROM gpu_sample WHERE recording_id = $1',
        [id]
      )
      return row?.samples ?? 0
    },
    async envelope(id, gpuIndex, metric, fromMs, toMs, buckets) {
      const request = { id, gpuIndex, column: columnName(metric), fromMs, toMs, buckets }
      if ((toMs - fromMs) / buckets < secondsFromMs) return readEnvelope(store, request)
      const recording = await recordings.get(id)
      return readLongEnvelope(store, request, await seconds.update(recording))
    },
    exportSamples: async (id, file, format) => exportSamples(store, await recordings.get(id), file, format),
    importSamples: (id, file, format) => importSamples(store, id, file, format),
    async delete(id) {
      await recordings.requireRow(id)
      // A day of readings takes seconds to delete: other statements do not wait for it.
      await store.transactionBeside(async (session) => {
        for (const table of recordingTables) {
          await session.run(`DELETE FROM ${table} WHERE recording_id = $1`, [id])
        }
        await session.run('DELETE FROM gpu_recording WHERE id = $1', [id])
      })
    }
  }
}

/** Readings as columns of gpu_sample; what is unavailable becomes NULL. */
function sampleColumns(id: string, samples: readonly GpuSample[]): ColumnValues {
  const gpuIndex = new Float64Array(samples.length)
  const tMs = new Float64Array(samples.length)
  const metrics = metricColumns.map(() => new Float64Array(samples.length))
  for (let row = 0; row < samples.length; row++) {
    const sample = samples[row]
    gpuIndex[row] = sample.gpuIndex
    tMs[row] = sample.tMs
    for (let at = 0; at < metrics.length; at++) metrics[at][row] = sample.values[at]
  }
  return {
    ...{ recording_id: id, gpu_index: gpuIndex, t_ms: tMs },
    ...Object.fromEntries(metricColumns.map((name, at) => [name, metrics[at]]))
  }
}

/** Passes on the readings of a query in the order of time, `ORDER BY` only where they were not stored so. */
async function passReadings(
  store: Store,
  sql: string,
  params: readonly SqlValue[],
  createCheck: () => OrderCheck,
  begin: () => ReadingSink
): Promise<void> {
  // Readings are stored as they come, in order; sorting a day of them would cost more than looking.
  const isInOrder = createCheck()
  let holds = true
  const take = begin()
  await store.scan(sql, params, async (columns) => {
    holds = isInOrder(columns)
    if (holds) await take(columns)
    return holds
  })
  if (holds) return
  const takeAgain = begin()
  await store.scan(`${sql} ORDER BY t_ms, rowid`, params, async (columns) => {
    await takeAgain(columns)
    return true
  })
}

/** Whether the times of these columns ascend, and follow those of all columns before. */
type OrderCheck = (columns: readonly Float64Array[]) => boolean

/** For columns that begin with the time. */
function ascending(): OrderCheck {
  let lastMs = -Infinity
  return ([tMs]) => {
    for (let row = 0; row < tMs.length; row++) {
      if (tMs[row] < lastMs) return false
      lastMs = tMs[row]
    }
    return true
  }
}

/** For columns that begin with GPU index and time: the times of every GPU ascend. */
function ascendingPerGpu(): OrderCheck {
  // By index: a map costs as much as reading the rows.
  const lastMs: number[] = []
  return ([gpus, tMs]) => {
    for (let row = 0; row < tMs.length; row++) {
      const gpu = gpus[row]
      while (lastMs.length <= gpu) lastMs.push(-Infinity)
      if (tMs[row] < lastMs[gpu]) return false
      lastMs[gpu] = tMs[row]
    }
    return true
  }
}
