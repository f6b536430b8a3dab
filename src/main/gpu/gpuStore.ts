import { metricSpecs, type GpuSample } from '../../core/gpu/metrics'
import type { Gap, GpuMetric, HostLoad, PhaseMark, Recording } from '../../shared/contract/gpu'
import { AppError } from '../../shared/errors'
import type { NounMigrations } from '../store/migrations'
import type { SqlRow, Store } from '../store/store'

/** Column of gpu_sample that keeps a metric. */
const columnOf = (metric: GpuMetric): string =>
  metric.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const sampleColumns = metricSpecs.map(({ metric }) => columnOf(metric))

export const gpuMigrations: NounMigrations = {
  noun: 'gpu',
  steps: [
    // `details` holds what is only shown and never searched for (a Recording as JSON).
    `CREATE TABLE gpu_recording (id VARCHAR PRIMARY KEY, started_at_ms DOUBLE NOT NULL, state VARCHAR NOT NULL, details JSON NOT NULL);
     CREATE TABLE gpu_sample (recording_id VARCHAR NOT NULL, gpu_index INTEGER NOT NULL, t_ms DOUBLE NOT NULL,
       power_w DOUBLE, power_instant_w DOUBLE, power_average_w DOUBLE, sm_clock_mhz DOUBLE, memory_clock_mhz DOUBLE,
       utilization_percent DOUBLE, memory_utilization_percent DOUBLE, memory_used_bytes DOUBLE, temperature_c DOUBLE,
       memory_temperature_c DOUBLE, throttle_mask DOUBLE);
     CREATE TABLE gpu_phase (recording_id VARCHAR NOT NULL, name VARCHAR NOT NULL, trial INTEGER NOT NULL,
       from_ms DOUBLE NOT NULL, to_ms DOUBLE NOT NULL, repetitions DOUBLE, ended BOOLEAN NOT NULL);
     CREATE TABLE gpu_gap (recording_id VARCHAR NOT NULL, from_ms DOUBLE NOT NULL, to_ms DOUBLE NOT NULL, reason VARCHAR NOT NULL);
     CREATE TABLE gpu_host_load (recording_id VARCHAR NOT NULL, t_ms DOUBLE NOT NULL, cpu_percent DOUBLE,
       memory_used_bytes DOUBLE, memory_total_bytes DOUBLE);`
  ]
}

/** Recordings as the rest of Bitbench reads them; also what the energy service reads. */
export interface GpuStore {
  save(recording: Recording): Promise<void>
  addSamples(id: string, samples: readonly GpuSample[]): Promise<void>
  addHostLoad(id: string, loads: readonly HostLoad[]): Promise<void>
  addGaps(id: string, gaps: readonly Gap[]): Promise<void>
  addPhases(id: string, phases: readonly PhaseMark[]): Promise<void>
  list(): Promise<Recording[]>
  /** @throws energy.noRecording */
  recording(id: string): Promise<Recording>
  phases(id: string): Promise<PhaseMark[]>
  gaps(id: string): Promise<Gap[]>
  hostLoad(id: string): Promise<HostLoad[]>
  /** One metric of one GPU over time, NaN where unavailable. */
  trace(id: string, gpuIndex: number, metric: GpuMetric): Promise<{ tMs: Float64Array; values: Float64Array }>
  exportSamples(id: string, file: string, format: 'csv' | 'parquet'): Promise<number>
  delete(id: string): Promise<void>
}

/**
 * Recordings left "running" by a process that was killed become "interrupted" on first use; their samples are kept.
 */
export function createGpuStore(store: Store): GpuStore {
  let mended: Promise<void> | undefined
  const ready = (): Promise<void> => (mended ??= markInterrupted(store))
  const toRecording = (row: { details: string }): Recording => JSON.parse(row.details) as Recording

  return {
    async save(recording) {
      await ready()
      await store.run('INSERT OR REPLACE INTO gpu_recording VALUES ($1, $2, $3, $4)', [
        recording.id,
        recording.startedAtMs,
        recording.state,
        JSON.stringify(recording)
      ])
    },
    async addSamples(id, samples) {
      await store.append(
        'gpu_sample',
        samples.map(({ gpuIndex, tMs, values }) => {
          const row: SqlRow = { recording_id: id, gpu_index: gpuIndex, t_ms: tMs }
          for (let at = 0; at < sampleColumns.length; at++) {
            const value = values[at]!
            row[sampleColumns[at]!] = Number.isNaN(value) ? null : value
          }
          return row
        })
      )
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
    addPhases: (id, phases) =>
      store.append(
        'gpu_phase',
        phases.map((phase) => ({
          recording_id: id,
          name: phase.name,
          trial: phase.trial,
          from_ms: phase.fromMs,
          to_ms: phase.toMs,
          repetitions: phase.repetitions,
          ended: phase.ended
        }))
      ),
    async list() {
      await ready()
      const rows = await store.all<{ details: string }>(
        'SELECT details::VARCHAR AS details FROM gpu_recording ORDER BY started_at_ms DESC'
      )
      return rows.map(toRecording)
    },
    async recording(id) {
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
    },
    phases: (id) =>
      store.all<PhaseMark>(
        `SELECT name, trial, from_ms AS "fromMs", to_ms AS "toMs", repetitions, ended
         FROM gpu_phase WHERE recording_id = $1 ORDER BY from_ms, to_ms DESC`,
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
    async trace(id, gpuIndex, metric) {
      const rows = await store.all<{ t: number; v: number | null }>(
        `SELECT t_ms AS t, ${columnOf(metric)} AS v FROM gpu_sample WHERE recording_id = $1 AND gpu_index = $2 ORDER BY t_ms`,
        [id, gpuIndex]
      )
      return {
        tMs: Float64Array.from(rows, (row) => row.t),
        values: Float64Array.from(rows, (row) => row.v ?? NaN)
      }
    },
    async exportSamples(id, file, format) {
      const recording = await this.recording(id)
      return store.exportQuery(exportSql, [id, recording.driverVersion, recording.origin], file, format)
    },
    async delete(id) {
      await this.recording(id)
      await store.transaction(async (session) => {
        for (const table of ['gpu_sample', 'gpu_phase', 'gpu_gap', 'gpu_host_load']) {
          await session.run(`DELETE FROM ${table} WHERE recording_id = $1`, [id])
        }
        await session.run('DELETE FROM gpu_recording WHERE id = $1', [id])
      })
    }
  }
}

/** Every sample with the innermost phase it fell into and the host's last known load. */
const exportSql = `
  SELECT s.recording_id, r.started_at_ms + s.t_ms AS unix_ms, s.t_ms, s.gpu_index,
    ${sampleColumns.map((column) => `s.${column}`).join(', ')},
    (SELECT arg_max(p.name, p.from_ms) FROM gpu_phase p
       WHERE p.recording_id = s.recording_id AND s.t_ms BETWEEN p.from_ms AND p.to_ms) AS phase,
    (SELECT arg_max(p.trial, p.from_ms) FROM gpu_phase p
       WHERE p.recording_id = s.recording_id AND s.t_ms BETWEEN p.from_ms AND p.to_ms) AS trial,
    h.cpu_percent AS host_cpu_percent, h.memory_used_bytes AS host_memory_used_bytes,
    $2 AS driver_version, $3 AS origin
  FROM gpu_sample s
  JOIN gpu_recording r ON r.id = s.recording_id
  ASOF LEFT JOIN gpu_host_load h ON h.recording_id = s.recording_id AND s.t_ms >= h.t_ms
  WHERE s.recording_id = $1
  ORDER BY s.t_ms, s.gpu_index`

async function markInterrupted(store: Store): Promise<void> {
  const rows = await store.all<{ details: string }>(
    "SELECT details::VARCHAR AS details FROM gpu_recording WHERE state = 'running'"
  )
  for (const { details } of rows) {
    const recording = JSON.parse(details) as Recording
    const counted = await store.all<{ samples: number; last: number | null }>(
      'SELECT count(*) AS samples, max(t_ms) AS last FROM gpu_sample WHERE recording_id = $1',
      [recording.id]
    )
    const ended: Recording = {
      ...recording,
      state: 'interrupted',
      samples: counted[0]?.samples ?? 0,
      durationMs: counted[0]?.last ?? null,
      message: 'Bitbench ended while this was recorded; the samples up to then are kept.'
    }
    await store.run('UPDATE gpu_recording SET state = $2, details = $3 WHERE id = $1', [
      ended.id,
      ended.state,
      JSON.stringify(ended)
    ])
  }
}
