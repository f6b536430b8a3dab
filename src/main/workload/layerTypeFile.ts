import { z } from 'zod'
import { layerTypeSchema, type LayerType } from '../../shared/contract/workload/workloadRows'
import { AppError } from '../../shared/errors'
import { readRegularFile } from '../files/readRegularFile'

const fileSchema = z.record(z.string(), layerTypeSchema)
const maxBytes = 1 << 20

/**
 * Types of layers by regular expression of their names, from a JSON file; expressions are those of the runner's language.
 * @throws input.notFound, input.invalid
 */
export async function readLayerTypes(file: string): Promise<Record<string, LayerType>> {
  const text = (await readRegularFile(file, { maxBytes })).toString('utf8')
  try {
    return fileSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw invalid(`${file} does not hold types of layers`, cause)
  }
}

/**
 * The first expression that is found in a layer's name decides about its type.
 * @throws input.notFound, input.invalid
 */
export async function layerTypeRule(file: string): Promise<(id: string) => LayerType | undefined> {
  const rules = Object.entries(await readLayerTypes(file)).map(([text, type]): [RegExp, LayerType] => {
    try {
      return [new RegExp(text), type]
    } catch (cause) {
      throw invalid(`"${text}" in ${file} is no regular expression`, cause)
    }
  })
  return (id) => rules.find(([pattern]) => pattern.test(id))?.[1]
}

function invalid(what: string, cause: unknown): AppError {
  return new AppError(
    'input.invalid',
    `${what}.`,
    `Write {"^h\\\\.0\\\\.mlp": "ffn"} with one of ${layerTypeSchema.options.join(', ')}.`,
    { cause }
  )
}
