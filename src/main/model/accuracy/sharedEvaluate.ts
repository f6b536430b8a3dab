import { existsSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { trainingMethods } from '../../../shared/vocabulary'
import { methodSchema, schemeSchema, splitSchema } from '../../../shared/contract/model'
import { storedFiles } from '../../store/storedItems'
import type { InputFile, SharedTask } from '../../threads/sharedTask'
import { subsetFile } from '../data/imageLibrary'
import type { EvaluateInput, Judged } from '../modelTasks'
import { modelEnding } from '../../../core/model/modelEnding'
import { modelFileParts } from '../files/readModelFile'

const settingsSchema = z.object({
  /** The network's file in its folder. */
  file: z.enum(['network.onnx', 'network.tflite']),
  /** Content that the file has to have. */
  modelId: z.string().max(64).exactOptional(),
  /** Whether items of the user's data set come along; else the shipped images do. */
  hasDataSet: z.boolean(),
  scheme: schemeSchema.nullable(),
  split: splitSchema,
  method: methodSchema
})

/** NaN and infinity are numbers here: they are what a task may have found. */
const anyNumber = z.custom<number>((value) => typeof value === 'number')

const judgedSchema = z.object({
  images: z.number().int().min(0),
  correct: z.number().nullable(),
  accuracy: anyNumber,
  metrics: z.record(z.string(), anyNumber),
  right: z.instanceof(Uint8Array),
  kl: anyNumber,
  crossEntropy: anyNumber,
  mse: anyNumber,
  fittedOn: z.object({ items: z.number(), available: z.number() }).nullable(),
  durationMs: anyNumber
})

/**
 * How evaluations travel: the network's files and those of its items. Stays here: the full test set, which is a package of the
 * machine. Retrained networks differ between processors and with the training images a machine has, so these keep to their host.
 */
export const sharedEvaluate: SharedTask<EvaluateInput, Judged> = {
  async pack({ file, modelId, modelsFolder, dataSetFolder = null, scheme, split, method }) {
    if (split === 'fullTest') return null
    const network = await networkFiles(file)
    if (network === null) return null
    const items = dataSetFolder === null ? [fileIn(modelsFolder, subsetFile)] : dataSetFiles(dataSetFolder)
    return {
      settings: {
        ...{ file: network[0].name, hasDataSet: dataSetFolder !== null, scheme, split, method },
        ...(modelId === undefined ? {} : { modelId })
      },
      folders: { network, items },
      perHost: scheme !== null && trainingMethods.includes(method)
    }
  },

  unpack(settings, { network, items }, content) {
    const { file, hasDataSet, ...rest } = settingsSchema.parse(settings)
    if (network === undefined || items === undefined)
      throw new Error('an evaluation needs a network and items')
    return {
      ...rest,
      ...(content === undefined ? {} : { content }),
      file: path.join(network, file),
      modelsFolder: items,
      dataSetFolder: hasDataSet ? items : null
    }
  },

  readOutput: (value) => judgedSchema.parse(value)
}

/** The network first, under one name for all; null where a data file beside it has that very name. */
async function networkFiles(file: string): Promise<InputFile[] | null> {
  const ending = modelEnding.exec(file)?.[0]
  if (ending === undefined) return null
  const name = `network${ending}`
  const parts = await modelFileParts(file)
  const beside = parts.filter((part) => part.file !== file && part.location !== cardOf(file))
  if (beside.some(({ location }) => path.normalize(location) === name)) return null
  return [
    { name, path: file },
    ...beside.map(({ location, file: part }) => ({
      name: path.normalize(location).split(path.sep).join('/'),
      path: part
    }))
  ]
}

const cardOf = (file: string): string => path.basename(file).replace(modelEnding, '.json')

function dataSetFiles(folder: string): InputFile[] {
  const { record, items, targets, order } = storedFiles
  return [record, items, targets, order].flatMap((name) =>
    existsSync(path.join(folder, name)) ? [fileIn(folder, name)] : []
  )
}

const fileIn = (folder: string, name: string): InputFile => ({ name, path: path.join(folder, name) })
