import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { writeWholeFile } from '../../files/replaceFile'
import { parseJson } from '../../store/recordTable'

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

/** Entries that are no name are left out, each by itself. */
const namesSchema = z.record(z.string(), z.string().nullable().catch(null))

/** Returns no names for a damaged file: models are then judged on the shipped images until a data set is chosen. */
function parse(text: string): Map<string, string> {
  const entries = Object.entries(parseJson(text, namesSchema).value ?? {})
  return new Map(entries.flatMap(([id, name]) => (name === null ? [] : [[id, name] as const])))
}
