import { metricSpecs } from '../../../core/gpu/metrics'
import { columnName } from '../../store/fieldColumns'
import type { NounMigrations } from '../../store/migrations'
import { secondsTables } from './gpuSeconds'

/** Columns of gpu_sample in the order of the metrics. */
export const metricColumns = metricSpecs.map(({ metric }) => columnName(metric))

/** The tables of recordings and what was read during them. */
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

/** Tables with rows of a recording, beside gpu_recording itself. */
export const recordingTables = [
  'gpu_sample',
  'gpu_second',
  'gpu_seconds_until',
  'gpu_phase',
  'gpu_gap',
  'gpu_host_load',
  'gpu_counter'
] as const
