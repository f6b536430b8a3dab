import { createSmiLogReader } from '../../../core/gpu/import/smiLog'
import { createTextLines } from '../../../core/text/lines'
import type { Recording } from '../../../shared/contract/gpu'
import { AppError } from '../../../shared/errors'
import { textPiecesOf } from '../../files/readTextFile'
import type { GpuStore } from '../store/gpuStore'
import { blankRecording, ofGpus, type Imported, type ImportRequest } from './blankRecording'

/** A log of nvidia-smi; `head` holds its first lines, the header first. */
export async function importSmiLog(
  request: ImportRequest,
  store: GpuStore,
  head: readonly string[]
): Promise<Imported> {
  const recording = blankRecording(request, 'a log of nvidia-smi')
  await store.save(recording)
  const names = head[0].split(',').map((cell) =>
    cell
      .replace(/\[.*\]/, '')
      .trim()
      .toLowerCase()
  )
  const reader = createSmiLogReader(head[0])
  const lines = createTextLines()
  let samples = 0
  for await (const text of textPiecesOf(request.file)) {
    // Whole lines: a piece may end inside one.
    const batch = reader.push(
      lines
        .push(text)
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
  const [indexAt, nameAt] = [names.indexOf('index'), names.indexOf('name')]
  const rows = head.slice(1).map((line) => line.split(','))
  const nameOf = (index: number): string | undefined =>
    rows.find((cells) => indexAt < 0 || Number(cells[indexAt]) === index)?.[nameAt]?.trim()
  const field = ['power.draw.instant', 'power.draw', 'power.draw.average'].find((name) =>
    names.includes(name)
  )
  Object.assign(recording, {
    startedAtMs: end.startMs,
    durationMs: end.lastMs,
    ...ofGpus(end.gpuIndexes, (index) => nameOf(index) ?? request.gpuName),
    powerFields: end.gpuIndexes.map(() => field ?? null),
    intervalMs: end.intervalMs,
    askedHz: 1000 / end.intervalMs,
    achievedHz: end.lastMs > 0 ? ((samples / end.gpuIndexes.length - 1) * 1000) / end.lastMs : null,
    samples,
    malformedLines: end.strayLines
  } satisfies Partial<Recording>)
  await store.save(recording)
  return { recording, notes: ['Times are the local wall clock of the log; it has no phases.'] }
}
