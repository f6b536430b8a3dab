import path from 'node:path'
import type { HandlersOf } from '../../shared/contract/define'
import type { profileContract } from '../../shared/contract/profile'
import { AppError } from '../../shared/errors'
import { readRegularFile } from '../files/readRegularFile'
import { writeWholeFile } from '../files/replaceFile'
import { csvToSamples, samplesToCsv } from './sampleFiles'
import type { SampleStore } from './sampleStore'

type Handlers = HandlersOf<typeof profileContract>

/** Samples out of the data file into files, and in from them. */
export function createSampleExchange(deps: {
  store: SampleStore
  nowMs: () => number
  newId: () => string
}): Pick<Handlers, 'profile.export' | 'profile.import'> {
  const { store, nowMs, newId } = deps
  return {
    'profile.export': async ({ path: file, format, ...query }) => {
      if (format === 'parquet') {
        if (file === null)
          throw new AppError(
            'input.invalid',
            'Parquet is binary and needs a file.',
            'Give a path, or choose csv.'
          )
        return { rows: await store.exportTo(query, file, 'parquet'), path: path.resolve(file), text: null }
      }
      const samples = await store.samples(query)
      const text = samplesToCsv(samples)
      if (file === null) return { rows: samples.length, path: null, text }
      await writeWholeFile(file, text)
      return { rows: samples.length, path: path.resolve(file), text: null }
    },
    'profile.import': async ({ file, kernel, boardName, unit, origin }) => {
      const fileName = 'path' in file ? path.basename(file.path) : file.name
      const text = 'path' in file ? await readText(file.path) : file.text
      const campaignId = newId()
      const samples = csvToSamples({
        text,
        fileName,
        kernel,
        boardName,
        unit,
        origin,
        campaignId,
        newId,
        nowMs: nowMs()
      })
      await store.addSamples(samples)
      return { rows: samples.length, campaignId }
    }
  }
}

async function readText(file: string): Promise<string> {
  return (await readRegularFile(file)).toString('utf8')
}
