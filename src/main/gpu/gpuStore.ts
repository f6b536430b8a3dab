import { metricSpecs, type GpuSample } from '../../core/gpu/metrics'
import type { TrackedPhase } from '../../core/gpu/phaseMarks'
import type { Envelope, Gap, GpuMetric, HostLoad, PhaseMark, Recording } from '../../shared/contract/gpu'
import type { CounterTrace } from '../../core/energy/energyCounter'
import { AppError } from '../../shared/errors'
import type { CounterReading } from './counterSampler'
import type { NounMigrations } from '../store/migrations'
import type { ColumnSpace } from '../store/queryColumns'
import type { SqlRow, Store } from '../store/store'
import { readEnvelope, readLongEnvelope, secondsFromMs } from './gpuEnvelope'
import { createGpuSeconds, secondsTables } from './gpuSeconds'

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
       memory_used_bytes DOUBLE, memory_total_bytes DOUBLE);`,
    // Place in the order of begins: a phase is stored when it begins and found again by it when it ends.
    'ALTER TABLE gpu_phase ADD COLUMN sequence INTEGER',
    // Cumulative energy counters: of a GPU (nvml) or of a processor package (rapl, gpu_index -1).
    `CREATE TABLE gpu_counter (recording_id VARCHAR NOT NULL, source VARCHAR NOT NULL, name VARCHAR NOT NULL,
       gpu_index INTEGER NOT NULL, t_ms DOUBLE NOT NULL, energy_j DOUBLE NOT NULL);`,
    secondsTables
  ]
}

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
  /** One metric of one GPU over time, NaN where unavailable. `space`: see Store.columns. */
  trace(
    id: string,
    gpuIndex: number,
    metric: GpuMetric,
    space?: ColumnSpace
  ): Promise<{ tMs: Float64Array; values: Float64Array }>
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

/** What a file of samples says about its recording. */
export interface ImportedSamples {
  startedAtMs: number
  driverVersion: string
  origin: Recording['origin']
  gpus: { index: number; samples: number; hasInstant: boolean; hasPower: boolean; lastMs: number }[]
  /** From the samples of each phase: the ends are known to one interval. */
  phases: PhaseMark[]
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
export function createGpuStore(store: Store): GpuStore {
  let mended: Promise<void> | undefined
  const ready = (): Promise<void> => (mended ??= markInterrupted(store))
  const seconds = createGpuSeconds(store)
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
      await store.run('INSERT OR REPLACE INTO gpu_recording VALUES ($1, $2, $3, $4)', [
        recording.id,
        recording.startedAtMs,
        recording.state,
        JSON.stringify(recording)
      ])
      unsaved.delete(recording.id)
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
      if (samples.length > 0) seconds.noteStored(id, samples[samples.length - 1]!.tMs)
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
      return { tMs: tMs!, energyJ: energyJ! }
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
    async trace(id, gpuIndex, metric, space) {
      const sql = `SELECT t_ms, ${columnOf(metric)} FROM gpu_sample WHERE recording_id = $1 AND gpu_index = $2`
      const read = (order: string): Promise<Float64Array[]> =>
        store.columns(sql + order, [id, gpuIndex], space)
      // Readings are stored as they come, in order; sorting a day of them would cost more than looking.
      let [tMs, values] = await read('')
      if (!isAscending(tMs!)) [tMs, values] = await read(' ORDER BY t_ms')
      return { tMs: tMs!, values: values! }
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
      const request = { id, gpuIndex, column: columnOf(metric), fromMs, toMs, buckets }
      if ((toMs - fromMs) / buckets < secondsFromMs) return readEnvelope(store, request)
      const recording = await this.recording(id)
      return readLongEnvelope(store, request, await seconds.update(recording))
    },
    async exportSamples(id, file, format) {
      const recording = await this.recording(id)
      return store.exportQuery(exportSql, [id, recording.driverVersion, recording.origin], file, format)
    },
    async importSamples(id, file, format) {
      const from = `read_${format}('${file.replaceAll("'", "''")}'${format === 'csv' ? ', header = true, sample_size = -1' : ''})`
      const [about] = await store.read<{ started: number; driver: string; origin: Recording['origin'] }>(
        `SELECT min(unix_ms - t_ms)::DOUBLE AS started, min(driver_version)::VARCHAR AS driver, min(origin) AS origin FROM ${from}`
      )
      const columns = sampleColumns.map((column) => `${column}::DOUBLE`).join(', ')
      await store.run(
        `INSERT INTO gpu_sample (recording_id, gpu_index, t_ms, ${sampleColumns.join(', ')})
         SELECT $1, gpu_index, t_ms, ${columns} FROM ${from} ORDER BY t_ms`,
        [id]
      )
      const gpus = await store.read<ImportedSamples['gpus'][number]>(
        `SELECT gpu_index AS "index", count(*)::INTEGER AS samples, count(power_instant_w) > 0 AS "hasInstant",
           count(power_w) > 0 AS "hasPower", max(t_ms) AS "lastMs"
         FROM gpu_sample WHERE recording_id = $1 GROUP BY gpu_index ORDER BY gpu_index`,
        [id]
      )
      const phases = await store.read<{ name: string; trial: number; fromMs: number; toMs: number }>(
        `SELECT phase::VARCHAR AS name, trial::INTEGER AS trial, min(t_ms) AS "fromMs", max(t_ms) AS "toMs"
         FROM ${from} WHERE phase IS NOT NULL GROUP BY ALL ORDER BY "fromMs"`
      )
      return {
        startedAtMs: about!.started,
        driverVersion: about!.driver,
        origin: about!.origin,
        gpus,
        phases: phases.map((phase) => ({ ...phase, repetitions: null, ended: true }))
      }
    },
    async delete(id) {
      await this.recording(id)
      await store.transaction(async (session) => {
        for (const table of [
          'gpu_sample',
          'gpu_second',
          'gpu_seconds_until',
          'gpu_phase',
          'gpu_gap',
          'gpu_host_load',
          'gpu_counter'
        ]) {
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

function isAscending(values: Float64Array): boolean {
  for (let at = 1; at < values.length; at++) if (values[at]! < values[at - 1]!) return false
  return true
}

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
    await store.run('UPDATE gpu_recording SET state = $2, details = $3 WHERE id = $1', [
      ended.id,
      ended.state,
      JSON.stringify(ended)
    ])
  }
}
