import { createReadStream, existsSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import path from 'node:path'
import {
  counterOfWindows,
  readCodeCarbonWindows,
  readZeusWindows,
  type EnergyWindows
} from '../../core/gpu/import/energyWindows'
import { fileKindOf } from '../../core/gpu/import/fileKind'
import { createSmiLogReader } from '../../core/gpu/import/smiLog'
import { createTextLines } from '../../core/gpu/textLines'
import { parseCsv } from '../../core/estimator/samples/csvTable'
import type { PhaseMark, Recording } from '../../shared/contract/gpu'
import { AppError } from '../../shared/errors'
import type { GpuStore } from './gpuStore'

export interface ImportRequest {
  id: string
  file: string
  title: string | undefined
  /** Used for every GPU that the file does not name. */
  gpuName: string | undefined
}

export interface Imported {
  recording: Recording
  notes: string[]
}

/** Text of the first line at most. */
const headBytes = 65_536

/**
 * Stores a recording that was made elsewhere.
 *
 * @throws input.notFound, data.invalid (nothing of the recording is left behind)
 */
export async function importRecording(request: ImportRequest, store: GpuStore): Promise<Imported> {
  const { file } = request
  if (!existsSync(file)) throw new AppError('input.notFound', `There is no file ${file}.`, 'Check the path.')
  try {
    if (file.toLowerCase().endsWith('.parquet')) return await importOwn(request, store, 'parquet')
    const lines = (await headOf(file)).split(/\r?\n/)
    const kind = fileKindOf(lines[0] ?? '', file)
    if (kind === 'bitbench') return await importOwn(request, store, 'csv')
    if (kind === 'nvidiaSmi') return await importSmiLog(request, store, lines)
    const read = kind === 'zeus' ? readZeusWindows : readCodeCarbonWindows
    return await importWindows(request, store, read(await readFile(file, 'utf8'), file), kind)
  } catch (cause) {
    await store.delete(request.id).catch(() => undefined)
    const error = AppError.from(cause)
    if (error.code !== 'internal' && error.code !== 'store.failed') throw error
    throw new AppError('data.invalid', `${file} cannot be read: ${error.message}`, 'Export it again.', {
      cause
    })
  }
}

async function headOf(file: string): Promise<string> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0)
    return buffer.toString('utf8', 0, bytesRead).replace(/^\ufeff/, '')
  } finally {
    await handle.close()
  }
}

/** A recording without anything that a file may leave open. */
function blank({ id, title, file }: ImportRequest, from: string): Recording {
  const unavailable = { state: 'unavailable' as const, reason: `Not in ${from}.`, source: null }
  return {
    ...{ id, title: title ?? path.basename(file), state: 'done', origin: 'measured', command: [] },
    ...{ startedAtMs: 0, durationMs: 0, exitCode: null, gpus: [], driverVersion: '', powerFields: [] },
    ...{ intervalMs: 100, askedHz: 10, achievedHz: null, samples: 0, restarts: 0, malformedLines: 0 },
    ...{ temperatureBeforeC: [], temperatureAfterC: [], powerLimitsW: [], idleMs: 0, idleAfterMs: 0 },
    ...{ counter: unavailable, cpuCounter: unavailable, strangers: [] },
    ...{ strangersUnknown: `Not in ${from}.`, clockLock: null, migGpus: [] },
    message: `Imported from ${from} ${path.basename(file)}.`
  }
}

async function importOwn(
  request: ImportRequest,
  store: GpuStore,
  format: 'csv' | 'parquet'
): Promise<Imported> {
  const recording = blank(request, 'the export')
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
  Object.assign(recording, {
    startedAtMs: found.startedAtMs,
    origin: found.origin,
    driverVersion: found.driverVersion,
    durationMs,
    idleMs: own?.idleMs ?? 0,
    gpus: found.gpus.map(({ index }) => ({
      index,
      name: own?.names.get(index) ?? request.gpuName ?? `GPU ${index} (imported)`,
      uuid: null
    })),
    powerFields: found.gpus.map((gpu) =>
      gpu.hasInstant ? 'power.draw.instant' : gpu.hasPower ? 'power.draw' : null
    ),
    intervalMs: own?.intervalMs ?? Math.max(1, Math.round(1000 / Math.min(10, ...rates))),
    achievedHz: rates.length === 0 ? null : Math.min(...rates),
    samples: found.gpus.reduce((sum, gpu) => sum + gpu.samples, 0),
    temperatureBeforeC: found.gpus.map(() => null),
    temperatureAfterC: found.gpus.map(() => null),
    powerLimitsW: found.gpus.map(() => null)
  } satisfies Partial<Recording>)
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
  durationMs: number | null
  intervalMs: number
}> {
  const { header, rows } = parseCsv(await readFile(file, 'utf8'), file)
  const cell = (row: readonly string[], name: string): string => row[header.indexOf(name)] ?? ''
  const first = cell(rows[0]!, 'gpu_index')
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
    durationMs: whole === undefined ? null : Number(cell(whole, 'to_ms')),
    intervalMs: Math.max(1, Math.round(1000 / (Number(cell(rows[0]!, 'asked_hz')) || 10)))
  }
}

async function savePhases(store: GpuStore, id: string, phases: readonly PhaseMark[]): Promise<void> {
  await store.savePhases(
    id,
    phases.map((phase, sequence) => ({ sequence, phase }))
  )
}

async function importSmiLog(
  request: ImportRequest,
  store: GpuStore,
  head: readonly string[]
): Promise<Imported> {
  const recording = blank(request, 'a log of nvidia-smi')
  await store.save(recording)
  const names = head[0]!.split(',').map((cell) =>
    cell
      .replace(/\[.*\]/, '')
      .trim()
      .toLowerCase()
  )
  const reader = createSmiLogReader(head[0]!)
  const lines = createTextLines()
  let samples = 0
  for await (const text of createReadStream(request.file, { encoding: 'utf8' })) {
    // Whole lines: a piece may end inside one.
    const batch = reader.push(
      lines
        .push(String(text))
        .map((line) => `${line}\n`)
        .join('')
    )
    samples += batch.length
    if (batch.length > 0) await store.addSamples(request.id, batch)
  }
  const rest = lines.rest()
  // A log that was copied whole may lack its last line break; a row that was cut has too few cells.
  const last = rest === '' ? [] : reader.push(`${rest}\n`)
  if (last.length > 0) await store.addSamples(request.id, last)
  samples += last.length
  const end = reader.end()
  if (end.startMs === null || samples < 2) {
    throw new AppError(
      'data.invalid',
      `${request.file} holds no two readings.`,
      'Give the log with its header.'
    )
  }
  await store.addGaps(request.id, end.gaps)
  const nameOf = (index: number): string | undefined => {
    const row = head.find(
      (line, at) =>
        at > 0 && (names.indexOf('index') < 0 || Number(line.split(',')[names.indexOf('index')]) === index)
    )
    return names.includes('name') ? row?.split(',')[names.indexOf('name')]?.trim() : undefined
  }
  const field = ['power.draw.instant', 'power.draw', 'power.draw.average'].find((name) =>
    names.includes(name)
  )
  Object.assign(recording, {
    startedAtMs: end.startMs,
    durationMs: end.lastMs,
    gpus: end.gpuIndexes.map((index) => ({
      index,
      name: nameOf(index) ?? request.gpuName ?? `GPU ${index} (imported)`,
      uuid: null
    })),
    powerFields: end.gpuIndexes.map(() => field ?? null),
    intervalMs: end.intervalMs,
    askedHz: 1000 / end.intervalMs,
    achievedHz: end.lastMs > 0 ? ((samples / end.gpuIndexes.length - 1) * 1000) / end.lastMs : null,
    samples,
    malformedLines: end.strayLines,
    temperatureBeforeC: end.gpuIndexes.map(() => null),
    temperatureAfterC: end.gpuIndexes.map(() => null),
    powerLimitsW: end.gpuIndexes.map(() => null)
  } satisfies Partial<Recording>)
  await store.save(recording)
  return { recording, notes: ['Times are the local wall clock of the log; it has no phases.'] }
}

async function importWindows(
  request: ImportRequest,
  store: GpuStore,
  { windows, gpus, notes }: EnergyWindows,
  kind: 'zeus' | 'codeCarbon'
): Promise<Imported> {
  const from = kind === 'zeus' ? 'Zeus' : 'CodeCarbon'
  const zeroMs = windows[0]!.fromMs
  const trials = new Map<string, number>()
  const phases = windows.map((window): PhaseMark => {
    const trial = (trials.get(window.name) ?? 0) + 1
    trials.set(window.name, trial)
    const { name, fromMs, toMs } = window
    return { name, trial, fromMs: fromMs - zeroMs, toMs: toMs - zeroMs, repetitions: null, ended: true }
  })
  const readings = gpus.flatMap(({ index }) =>
    counterOfWindows(windows, index, zeroMs).map((reading) => ({
      ...reading,
      ...{ source: 'nvml' as const, name: '', gpuIndex: index }
    }))
  )
  const recording: Recording = {
    ...blank(request, from),
    startedAtMs: zeroMs,
    durationMs: windows[windows.length - 1]!.toMs - zeroMs,
    gpus: gpus.map(({ index, name }) => ({ index, name: request.gpuName ?? name, uuid: null })),
    powerFields: gpus.map(() => null),
    temperatureBeforeC: gpus.map(() => null),
    temperatureAfterC: gpus.map(() => null),
    powerLimitsW: gpus.map(() => null),
    counter:
      readings.length === 0
        ? { state: 'unavailable', reason: `${from} read no GPU energy.`, source: null }
        : { state: 'read', reason: null, source: from }
  }
  await store.save(recording)
  await store.addCounters(request.id, readings)
  await savePhases(store, request.id, phases)
  return { recording, notes: [...notes, 'Energies only: there are no power readings to compare them with.'] }
}
