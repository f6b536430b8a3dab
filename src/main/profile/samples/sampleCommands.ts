import path from 'node:path'
import { requireProxyKernel } from '../../../core/kernel/spec'
import type { ReadCsv, ReadCsvOptions } from '../../../core/proxy/csv/readCsv'
import type { HandlersOf } from '../../../shared/contract/framework/define'
import type { profileContract } from '../../../shared/contract/profile'
import { AppError } from '../../../shared/errors'
import { readTextFile } from '../../files/readTextFile'
import { csvKind, csvToSamples, samplesToCsv } from './sampleCsv'
import type { SampleStore } from './sampleStore'

/** Rows that are given back as text: about 4 MB. */
const maxTextRows = 20_000

/** Reads the text of a profile CSV. @throws data.invalid naming line and column */
export type ReadCsvText = (text: string, options: ReadCsvOptions) => Promise<ReadCsv>

/** Samples of a board that came from a file. */
export interface SampleImport {
  campaignId: string
  boardName: string
  file: string
  total: number
}

type Handlers = HandlersOf<typeof profileContract>

/** Samples out of the data file into files, and in from them. */
export function createSampleExchange(deps: {
  store: SampleStore
  nowMs: () => number
  newId: () => string
  /** Reads the text of a profile CSV; in compose a worker task (profile.readCsv). */
  readCsv: ReadCsvText
  /** Lists what was imported among the campaigns. */
  noteImport: (imported: SampleImport) => Promise<void>
}): Pick<Handlers, 'profile.export' | 'profile.import'> {
  const { store, nowMs, newId, readCsv, noteImport } = deps
  return {
    'profile.export': async ({ path: file, format, ...query }) => {
      if (format === 'parquet') {
        if (file === null)
          throw new AppError(
            'input.invalid',
            'Parquet is binary and needs a file.',
            'Give a path, or choose csv.'
          )
        return { rows: await store.exportParquet(query, file), path: path.resolve(file), text: null }
      }
      const kinds = await store.kinds(query)
      const kind = csvKind(kinds)
      if (file !== null) {
        const rows = await store.exportCsv(query, kind.kernel, kind.unit, file)
        return { rows, path: path.resolve(file), text: null }
      }
      const [{ rows }] = kinds as [(typeof kinds)[0]]
      if (rows > maxTextRows)
        throw new AppError(
          'input.invalid',
          `${rows} Samples are too many for a text; at most ${maxTextRows} are given back as one.`,
          'Give a path to write them to.'
        )
      return { rows, path: null, text: samplesToCsv(kind, await store.samples(query)) }
    },
    'profile.import': async ({ file, kernel, boardName, unit, origin, decimal }) => {
      const fileName = 'path' in file ? path.basename(file.path) : file.name
      const text = 'path' in file ? await readTextFile(file.path) : file.text
      const campaignId = newId()
      const options = {
        kernel: requireProxyKernel(kernel),
        fileName,
        unit,
        ...(decimal === undefined ? {} : { decimal })
      }
      const { samples, warnings } = await readCsv(text, options)
      const source = { fileName, kernel, boardName, origin, campaignId, newId, nowMs: nowMs() }
      await store.addSamples(csvToSamples(samples, source))
      await noteImport({ campaignId, boardName, file: fileName, total: samples.count })
      return { rows: samples.count, campaignId, warnings }
    }
  }
}
