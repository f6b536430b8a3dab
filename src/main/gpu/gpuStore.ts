import type { GpuSample } from '../../core/gpu/metrics'
import type { TrackedPhase } from '../../core/gpu/phaseMarks'
import type { Envelope, Gap, GpuMetric, HostLoad, PhaseMark, Recording } from '../../shared/contract/gpu'
import type { CounterTrace } from '../../core/energy/energyCounter'
import type { CounterReading } from './counterSampler'
import type { SqlRow, Store } from '../store/store'
import { readEnvelope, readLongEnvelope, secondsFromMs } from './gpuEnvelope'
import { createGpuSeconds } from './gpuSeconds'
import { metricColumn, recordingTables, metricColumns } from './gpuTables'
import { createRecordingStore } from './recordingStore'
import { exportSamples, importSamples, type ImportedSamples } from './recordingFiles'

/**
 * Takes readings as columns: GPU index, time in ms, then one column for each metric, NaN where unavailable. The times of
 * a GPU ascend.
 */
export type ReadingSink = (columns: readonly Float64Array[]) => void | Promise<void>

/** Recordings as the rest of Bitbench reads them; also what the energy service reads. */
export interface GpuStore {
  save(recording: Recording): Promise<void>
  addSamples(id: string, samples: readonly GpuSample[]): Promise<void>
  addHostLoad(id: string, loads: readonly HostLoad[]): Promise<void>
  addGaps(id: string, gaps: readonly Gap[]): Promise<void>
  /** Stores phases under their sequence numbers, replacing what stood there. */
  savePhases(id: string, phases: readonly TrackedPhase[]): Promise<void>
  addCounters(id: string, readings: readonly CounterReading[]): Promise<void>
  /** Readings of one counter in the order of time; empty arrays when it was not read. */
  counter(id: string, source: CounterReading['source'], name: string, gpuIndex: number): Promise<CounterTrace>
  /** Names of the processor's counters that were read. */
  counterZones(id: string): Promise<string[]>
  list(): Promise<Recording[]>
  /** @throws energy.noRecording */
  recording(id: string): Promise<Recording>
  phases(id: string): Promise<PhaseMark[]>
  gaps(id: string): Promise<Gap[]>
  hostLoad(id: string): Promise<HostLoad[]>
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
    save: (recording) => recordings.save(recording),
    list: () => recordings.list(),
    recording: (id) => recordings.get(id),
    async addSamples(id, samples) {
      await store.append(
        'gpu_sample',
        samples.map(({ gpuIndex, tMs, values }) => {
          const row: SqlRow = { recording_id: id, gpu_index: gpuIndex, t_ms: tMs }
          for (let at = 0; at < metricColumns.length; at++) {
            const value = values[at]
            row[metricColumns[at]] = Number.isNaN(value) ? null : value
          }
          return row
        })
      )
      if (samples.length > 0) seconds.noteStored(id, samples[samples.length - 1].tMs)
    },
    addHostLoad: (id, loads) =>
      store.append(
        'gpu_host_load',
        loads.map((load) => ({
          recording_id: id,
          t_ms: load.tMs,
          cpu_percent: load.cpuPercent,
          memory_used_bytes: load.memoryUsedBytes,
          memory_total_bytes: load.memoryTotalBytes
        }))
      ),
    addGaps: (id, gaps) =>
      store.append(
        'gpu_gap',
        gaps.map((gap) => ({ recording_id: id, from_ms: gap.fromMs, to_ms: gap.toMs, reason: gap.reason }))
      ),
    addCounters: (id, readings) =>
      store.append(
        'gpu_counter',
        readings.map((reading) => ({
          recording_id: id,
          source: reading.source,
          name: reading.name,
          gpu_index: reading.gpuIndex,
          t_ms: reading.tMs,
          energy_j: reading.energyJ
        }))
      ),
    async counter(id, source, name, gpuIndex) {
      const [tMs, energyJ] = await store.columns(
        `SELECT t_ms, energy_j FROM gpu_counter WHERE recording_id = $1 AND source = $2 AND name = $3
           AND gpu_index = $4 ORDER BY t_ms`,
        [id, source, name, gpuIndex]
      )
      return { tMs: tMs, energyJ: energyJ }
    },
    async counterZones(id) {
      const rows = await store.all<{ name: string }>(
        "SELECT DISTINCT name FROM gpu_counter WHERE recording_id = $1 AND source = 'rapl' ORDER BY name",
        [id]
      )
      return rows.map((row) => row.name)
    },
    savePhases: (id, phases) =>
      store.transaction(async (session) => {
        // Of several states of one phase only the last counts: an appended row cannot replace its twin.
        const last = new Map(phases.map((tracked) => [tracked.sequence, tracked.phase]))
        for (const sequence of last.keys()) {
          await session.run('DELETE FROM gpu_phase WHERE recording_id = $1 AND sequence = $2', [id, sequence])
        }
        await session.append(
          'gpu_phase',
          [...last].map(([sequence, phase]) => ({
            recording_id: id,
            sequence,
            name: phase.name,
            trial: phase.trial,
            from_ms: phase.fromMs,
            to_ms: phase.toMs,
            repetitions: phase.repetitions,
            ended: phase.ended
          }))
        )
      }),
    phases: (id) =>
      store.all<PhaseMark>(
        `SELECT name, trial, from_ms AS "fromMs", to_ms AS "toMs", repetitions, ended
         FROM gpu_phase WHERE recording_id = $1 ORDER BY from_ms, sequence, to_ms DESC`,
        [id]
      ),
    gaps: (id) =>
      store.all<Gap>(
        'SELECT from_ms AS "fromMs", to_ms AS "toMs", reason FROM gpu_gap WHERE recording_id = $1 ORDER BY from_ms',
        [id]
      ),
    hostLoad: (id) =>
      store.all<HostLoad>(
        `SELECT t_ms AS "tMs", cpu_percent AS "cpuPercent", memory_used_bytes AS "memoryUsedBytes",
           memory_total_bytes AS "memoryTotalBytes" FROM gpu_host_load WHERE recording_id = $1 ORDER BY t_ms`,
        [id]
      ),
    async readings(id, metrics, begin) {
      const sql = `SELECT gpu_index, t_ms, ${metrics.map(metricColumn).join(', ')} FROM gpu_sample WHERE recording_id = $1`
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
      await store.scan(`${sql} ORDER BY t_ms`, [id], async (columns) => {
        await takeAgain(columns)
        return true
      })
    },
    async lastMs(id) {
      const [row] = await store.all<{ last: number | null }>(
        'SELECT max(t_ms) AS last FROM gpu_sample WHERE recording_id = $1',
        [id]
      )
      return row?.last ?? 0
    },
    async countSamples(id) {
      const [row] = await store.all<{ samples: number }>(
        'SELECT count(*) AS samples FROM gpu_sample WHERE recording_id = $1',
        [id]
      )
      return row?.samples ?? 0
    },
    async envelope(id, gpuIndex, metric, fromMs, toMs, buckets) {
      const request = { id, gpuIndex, column: metricColumn(metric), fromMs, toMs, buckets }
      if ((toMs - fromMs) / buckets < secondsFromMs) return readEnvelope(store, request)
      const recording = await recordings.get(id)
      return readLongEnvelope(store, request, await seconds.update(recording))
    },
    exportSamples: async (id, file, format) => exportSamples(store, await recordings.get(id), file, format),
    importSamples: (id, file, format) => importSamples(store, id, file, format),
    async delete(id) {
      await recordings.get(id)
      await store.transaction(async (session) => {
        for (const table of recordingTables) {
          await session.run(`DELETE FROM ${table} WHERE recording_id = $1`, [id])
        }
        await session.run('DELETE FROM gpu_recording WHERE id = $1', [id])
      })
    }
  }
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
