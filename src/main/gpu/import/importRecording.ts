import { existsSync } from 'node:fs'
import { readCodeCarbonWindows } from '../../../core/gpu/import/codeCarbon'
import { readZeusWindows } from '../../../core/gpu/import/energyWindows'
import { fileKindOf } from '../../../core/gpu/import/fileKind'
import { AppError } from '../../../shared/errors'
import { textEncodingOf } from '../../../shared/textEncoding'
import { openRegular } from '../../files/openRegularFile'
import { readTextFile } from '../../files/readTextFile'
import type { GpuStore } from '../store/gpuStore'
import type { Imported, ImportRequest } from './blankRecording'
import { importWindows } from './energyWindows'
import { importMeterText } from './meterText'
import { importOwn } from './ownExport'
import { importSmiLog } from './smiLog'

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
  // Opened for every kind: DuckDB reads Parquet itself, and would wait for the writer of a pipe.
  const head = await headOf(file)
  try {
    if (file.toLowerCase().endsWith('.parquet')) return await importOwn(request, store, 'parquet')
    if (request.meter !== undefined) return await importMeterText(request, store)
    const lines = head.split(/\r?\n/)
    const kind = fileKindOf(lines[0] ?? '', file)
    if (kind === 'meter') return await importMeterText(request, store)
    if (kind === 'bitbench') return await importOwn(request, store, 'csv')
    if (kind === 'nvidiaSmi') return await importSmiLog(request, store, lines)
    const read = kind === 'zeus' ? readZeusWindows : readCodeCarbonWindows
    return await importWindows(request, store, read(await readTextFile(file), file), kind)
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
  const { handle } = await openRegular(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0)
    return new TextDecoder(textEncodingOf(buffer)).decode(buffer.subarray(0, bytesRead))
  } finally {
    await handle.close()
  }
}
