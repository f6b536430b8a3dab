import type { GpuSample } from '../../../core/gpu/metrics'
import type { Envelope, GpuMetric, Recording } from '../../../shared/contract/gpu'
import { columnName } from '../../store/fieldColumns'
import type { UnreadableRow } from '../../store/rowColumns'
import type { ColumnValues, Store } from '../../store/store'
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
    readings: (id, metrics, begin) => passReadings(store, id, metrics, begin),
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

/** GpuStore.readings. */
async function passReadings(
  store: Store,
  id: string,
  metrics: readonly GpuMetric[],
  begin: () => ReadingSink
): Promise<void> {
  const sql = `SELECT gpu_index, t_ms, ${metrics.map(columnName).join(', ')} FROM gpu_sample WHERE recording_id = $1`
  // Readings are stored as they come, in order; sorting a day of them would cost more than looking.
  const inOrder = orderCheck()
  const take = begin()
  await store.scan(sql, [id], async (columns) => {
    if (!inOrder.check(columns[0], columns[1])) return false
    await take(columns)
    return true
  })
  if (inOrder.holds()) return
  const takeAgain = begin()
  await store.scan(`${sql} ORDER BY t_ms, rowid`, [id], async (columns) => {
    await takeAgain(columns)
    return true
  })
}

/** Looks whether the times of every GPU ascend. */
function orderCheck(): { check(gpus: Float64Array, tMs: Float64Array): boolean; holds(): boolean } {
  const lastMs = new Map<number, number>()
  let holds = true
  return {
    check(gpus, tMs) {
      for (let row = 0; row < tMs.length; row++) {
        if (tMs[row] < (lastMs.get(gpus[row]) ?? -Infinity)) holds = false
        lastMs.set(gpus[row], tMs[row])
      }
      return holds
    },
    holds: () => holds
  }
}
