import { readFile } from 'node:fs/promises'
import { writeWholeFile } from '../files/replaceFile'

/** Which data set each model is judged on, remembered across starts. */
export interface ModelDataSets {
  /** Name of the model's data set; null: the shipped images. */
  get(modelId: string): Promise<string | null>
  set(modelId: string, dataSet: string | null): Promise<void>
}

/** @param file JSON object of model id to name; null: nothing is remembered across starts */
export function createModelDataSets(file: string | null): ModelDataSets {
  let known: Map<string, string> | undefined
  const load = async (): Promise<Map<string, string>> => {
    if (known !== undefined) return known
    const text = file === null ? '{}' : await readFile(file, 'utf8').catch(() => '{}')
    return (known ??= parse(text))
  }
  return {
    get: async (modelId) => (await load()).get(modelId) ?? null,
    async set(modelId, dataSet) {
      const names = await load()
      if (dataSet === null) names.delete(modelId)
      else names.set(modelId, dataSet)
      if (file !== null) await writeWholeFile(file, JSON.stringify(Object.fromEntries(names), null, 2))
    }
  }
}

/** A damaged file costs only the memory of what was chosen. */
function parse(text: string): Map<string, string> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return new Map()
    return new Map(
      Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
    )
  } catch {
    return new Map()
  }
}
