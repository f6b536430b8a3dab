import { energyReportSchema, type EnergyReport, type PhaseEnergy } from '../../shared/contract/energy'
import { fieldColumns } from '../store/fieldColumns'
import type { NounMigrations } from '../store/migrations'
import { parseJson } from '../store/recordTable'
import { rowColumns } from '../store/rowColumns'
import type { SqlRow, Store } from '../store/store'

export const energyMigrations: NounMigrations = {
  noun: 'energy',
  steps: [
    `CREATE TABLE energy_phase (recording_id VARCHAR NOT NULL, gpu_index INTEGER NOT NULL, gpu_name VARCHAR NOT NULL,
       name VARCHAR NOT NULL, trial INTEGER NOT NULL, from_ms DOUBLE NOT NULL, to_ms DOUBLE NOT NULL,
       covered_ms DOUBLE NOT NULL, gap_count INTEGER NOT NULL, samples INTEGER NOT NULL, asked_hz DOUBLE NOT NULL,
       achieved_hz DOUBLE, unique_values INTEGER NOT NULL, sensor_updates INTEGER NOT NULL, total_j DOUBLE,
       idle_j DOUBLE, net_j DOUBLE, mean_w DOUBLE, peak_w DOUBLE, settled_mean_w DOUBLE, idle_w DOUBLE,
       repetitions DOUBLE, total_per_repetition_j DOUBLE, net_per_repetition_j DOUBLE, temperature_before_c DOUBLE,
       temperature_after_c DOUBLE, driver_version VARCHAR NOT NULL, power_field VARCHAR, sensor_family VARCHAR,
       verdict VARCHAR, flags VARCHAR NOT NULL, origin VARCHAR NOT NULL);`,
    `ALTER TABLE energy_phase ADD COLUMN counter_j DOUBLE;
     ALTER TABLE energy_phase ADD COLUMN counter_difference DOUBLE;
     ALTER TABLE energy_phase ADD COLUMN implausible INTEGER;
     ALTER TABLE energy_phase ADD COLUMN throttled_fraction DOUBLE;
     ALTER TABLE energy_phase ADD COLUMN power_capped_fraction DOUBLE;
     ALTER TABLE energy_phase ADD COLUMN idle_after_w DOUBLE;`,
    // The whole report as JSON: analysing a day of readings takes seconds, reading it back does not.
    `CREATE TABLE energy_report (recording_id VARCHAR PRIMARY KEY, analysis INTEGER NOT NULL, report VARCHAR NOT NULL);`
  ]
}

/** Raised whenever the same readings give another report: reports of an older analysis are made again. */
const analysis = 2

const reportColumns = rowColumns<EnergyReport>('energy_report', [
  { name: 'recording_id', of: ({ recordingId }) => recordingId },
  { name: 'analysis', of: () => analysis },
  { name: 'report', of: (report) => JSON.stringify(report) }
])

/** Fields of a phase that energy_phase keeps as they are. */
const phaseColumns = fieldColumns<Omit<PhaseEnergy, 'flags'>>([
  'gpuIndex',
  'name',
  'trial',
  'fromMs',
  'toMs',
  'coveredMs',
  'gapCount',
  'samples',
  'achievedHz',
  'uniqueValues',
  'sensorUpdates',
  'totalJ',
  'idleJ',
  'netJ',
  'meanW',
  'peakW',
  'settledMeanW',
  'repetitions',
  'totalPerRepetitionJ',
  'netPerRepetitionJ',
  'counterJ',
  'counterDifference',
  'implausible',
  'throttledFraction',
  'powerCappedFraction'
])

/** One row for each phase, with what is known of its GPU and the verdict over its trials. */
function phaseRows(report: EnergyReport): SqlRow[] {
  return report.phases.map((phase) => {
    const gpu = report.gpus.find(({ gpuIndex }) => gpuIndex === phase.gpuIndex)!
    const summary = report.summaries.find(
      ({ gpuIndex, name }) => gpuIndex === phase.gpuIndex && name === phase.name
    )
    return {
      ...phaseColumns.row(phase),
      recording_id: report.recordingId,
      gpu_name: gpu.name,
      asked_hz: gpu.askedHz,
      idle_w: gpu.idle.powerW,
      idle_after_w: gpu.idleAfter.powerW,
      temperature_before_c: gpu.temperatureBeforeC,
      temperature_after_c: gpu.temperatureAfterC,
      driver_version: report.driverVersion,
      power_field: gpu.powerField,
      sensor_family: gpu.sensor.family,
      verdict: summary?.verdict ?? null,
      flags: phase.flags.map((flag) => flag.code).join(' '),
      origin: report.origin
    }
  })
}

/** The energy of every phase, replaced as a whole whenever a recording is analysed again. */
export interface EnergyStore {
  save(report: EnergyReport): Promise<void>
  /** The report that was saved last; null when there is none of the present analysis. */
  find(recordingId: string): Promise<EnergyReport | null>
  forget(recordingId: string): Promise<void>
  export(
    recordingId: string,
    file: string,
    format: 'csv' | 'parquet',
    /** Rest behind the work, ms: in every row, so that the file can be imported again. */
    idleAfterMs: number
  ): Promise<number>
}

/** Returns the energy reports of a data file. */
export function createEnergyStore(store: Store): EnergyStore {
  return {
    save: (report) =>
      store.transaction(async (session) => {
        await session.run(reportColumns.replace, reportColumns.parameters(report))
        await session.run('DELETE FROM energy_phase WHERE recording_id = $1', [report.recordingId])
        await session.append('energy_phase', phaseRows(report))
      }),
    async find(recordingId) {
      const [row] = await store.all<{ report: string }>(
        'SELECT report FROM energy_report WHERE recording_id = $1 AND analysis = $2',
        [recordingId, analysis]
      )
      // One that no longer fits the contract is made again.
      return row === undefined ? null : parseJson(row.report, energyReportSchema).value
    },
    forget: (recordingId) =>
      store.transaction(async (session) => {
        for (const table of ['energy_phase', 'energy_report'])
          await session.run(`DELETE FROM ${table} WHERE recording_id = $1`, [recordingId])
      }),
    export: (recordingId, file, format, idleAfterMs) =>
      store.exportQuery(
        'SELECT *, $2::DOUBLE AS idle_after_ms FROM energy_phase WHERE recording_id = $1 ORDER BY gpu_index, from_ms, to_ms DESC',
        [recordingId, idleAfterMs],
        file,
        format
      )
  }
}
