import { existsSync } from 'node:fs'
import { readRegularFile } from '../../files/readRegularFile'
import path from 'node:path'
import { parseCsv } from '../../../core/estimator/samples/csvTable'
import { meterPowerField } from '../../../core/energy/sensorModel'
import type { PhaseMark, Recording } from '../../../shared/contract/gpu'
import { meterName } from '../../../shared/meterName'
import type { GpuStore } from '../store/gpuStore'
import { blankRecording, ofGpus, savePhases, type Imported, type ImportRequest } from './blankRecording'

/** Samples as `gpu record --out` writes them, with the phases file beside it where there is one. */
export async function importOwn(
  request: ImportRequest,
  store: GpuStore,
  format: 'csv' | 'parquet'
): Promise<Imported> {
  const recording = blankRecording(request, 'the export')
  // Known before its samples are stored: a failure is deleted as a whole.
  await store.save(recording)
  const found = await store.importSamples(request.id, request.file, format)
  const { dir, name, ext } = path.parse(request.file)
  const beside = path.join(dir, `${name}.phases${ext}`)
  const own = format === 'csv' && existsSync(beside) ? await phasesBeside(beside) : null
  const notes =
    own === null ? ['No NAME.phases.csv beside it: the ends of phases are known to one interval.'] : []
  const durationMs = own?.durationMs ?? Math.max(0, ...found.gpus.map((gpu) => gpu.lastMs))
  const rates = found.gpus.map((gpu) => ((gpu.samples - 1) * 1000) / gpu.lastMs).filter(Number.isFinite)
  // The rate of nvidia-smi is taken as 10 Hz at most, with an interval in whole ms; a meter has its own rate.
  const isOfMeter = found.meter !== null && rates.length > 0
  const askedMs = 1000 / (own?.askedHz ?? Math.min(isOfMeter ? Infinity : 10, ...rates))
  Object.assign(recording, {
    startedAtMs: found.startedAtMs,
    origin: found.origin,
    driverVersion: found.driverVersion,
    durationMs,
    idleMs: own?.idleMs ?? 0,
    idleAfterMs: own?.idleAfterMs ?? 0,
    ...ofGpus(
      found.gpus.map(({ index }) => index),
      (index) =>
        own?.names.get(index) ??
        request.gpuName ??
        (found.meter === null ? undefined : meterName(found.meter))
    ),
    powerFields: found.gpus.map((gpu) =>
      found.meter !== null
        ? meterPowerField
        : gpu.hasInstant
          ? 'power.draw.instant'
          : gpu.hasPower
            ? 'power.draw'
            : null
    ),
    intervalMs: isOfMeter ? askedMs : Math.max(1, Math.round(askedMs)),
    achievedHz: rates.length === 0 ? null : Math.min(...rates),
    samples: found.gpus.reduce((sum, gpu) => sum + gpu.samples, 0)
  } satisfies Partial<Recording>)
  if (found.meter !== null) recording.meter = found.meter
  recording.askedHz = 1000 / recording.intervalMs
  await savePhases(store, request.id, own?.phases ?? found.phases)
  await store.save(recording)
  return { recording, notes }
}

/** NAME.phases.csv: one row per phase and GPU, "(whole)" first. */
async function phasesBeside(file: string): Promise<{
  phases: PhaseMark[]
  names: Map<number, string>
  idleMs: number
  /** 0 also in files of versions that did not write it. */
  idleAfterMs: number
  durationMs: number | null
  askedHz: number
}> {
  const { header, rows } = parseCsv((await readRegularFile(file)).toString('utf8'), file)
  const cell = (row: readonly string[], name: string): string => row[header.indexOf(name)] ?? ''
  const first = cell(rows[0], 'gpu_index')
  const whole = rows.find((row) => cell(row, 'name') === '(whole)')
  const phases = rows
    .filter((row) => cell(row, 'gpu_index') === first && cell(row, 'name') !== '(whole)')
    .map((row): PhaseMark => ({
      name: cell(row, 'name'),
      trial: Number(cell(row, 'trial')),
      fromMs: Number(cell(row, 'from_ms')),
      toMs: Number(cell(row, 'to_ms')),
      repetitions: cell(row, 'repetitions') === '' ? null : Number(cell(row, 'repetitions')),
      ended: true
    }))
  return {
    phases,
    names: new Map(rows.map((row) => [Number(cell(row, 'gpu_index')), cell(row, 'gpu_name')])),
    idleMs: whole === undefined ? 0 : Number(cell(whole, 'from_ms')),
    idleAfterMs: Number(cell(rows[0], 'idle_after_ms')) || 0,
    durationMs: whole === undefined ? null : Number(cell(whole, 'to_ms')),
    askedHz: Number(cell(rows[0], 'asked_hz')) || 10
  }
}
