import { AppError } from '../../../shared/errors'

/** Recordings of other programs that are read, and our own. */
export type RecordingFileKind = 'bitbench' | 'nvidiaSmi' | 'zeus' | 'codeCarbon' | 'meter'

/**
 * Recognises a CSV recording by the names in its header.
 *
 * Compared with: nvidia-smi --query-gpu --format=csv (its header), zeus.monitor.energy of Zeus (start_time, window_name,
 * elapsed_time, gpuN_energy), emissions.csv of CodeCarbon 2.2 to 2.4 (run_id, duration, gpu_energy).
 *
 * @throws data.invalid naming what is read
 */
export function fileKindOf(header: string, file: string): RecordingFileKind {
  const names = header.split(',').map((cell) => cell.trim().toLowerCase())
  const has = (...wanted: string[]): boolean => wanted.every((name) => names.includes(name))
  if (has('recording_id', 't_ms', 'gpu_index', 'power_w')) return 'bitbench'
  if (has('start_time', 'window_name', 'elapsed_time')) return 'zeus'
  if (has('run_id', 'duration', 'gpu_energy')) return 'codeCarbon'
  if (names.includes('timestamp') && names.some((name) => name.startsWith('power.draw'))) return 'nvidiaSmi'
  const isColumn = (pattern: RegExp): boolean => names.some((name) => pattern.test(name))
  if (isColumn(/^(time|timestamp|t)\b|^time_/) && isColumn(/^current\b|^current_/)) return 'meter'
  throw new AppError(
    'data.invalid',
    `The header of ${file} is none that is known.`,
    'These are read: samples as "gpu record --out" writes them (CSV, Parquet), nvidia-smi --query-gpu=timestamp,…,power.draw ' +
      '--format=csv, the log_file of ZeusMonitor, emissions.csv of CodeCarbon, and lines of a power meter ' +
      '(time_ms,current_ma,voltage_v).'
  )
}
