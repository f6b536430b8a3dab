import { AppError } from '../../shared/errors'
import type { Split } from '../../shared/contract/model'
import { generatedId, generatedSetOf } from './data/generatedItems'
import type { ImageLibrary } from './data/imageLibrary'
import type { LoadedModel } from './files/modelFiles'
import type { createModelDataSets } from './data/modelDataSets'
import type { ModelSource } from './modelTasks'

/** A model's file and data as workers open them; folder null: the shipped images. */
export interface LocatedModel {
  readonly dataSet: { readonly id: string; readonly name: string }
  readonly source: ModelSource
  /** Items of a split; null where that is not known without reading it. */
  items(split: Split): Promise<number | null>
}

/** The folder of a data set. @throws AppError input.notFound */
export type FindDataSet = (name: string) => Promise<{
  info: { id: string; name: string; splits: readonly { split: string; items: number }[] }
  folder: string
}>

/** Content of the shipped subset; raise it with the file. */
const shippedId = 'fashion-subset-1'

/** Finds no data set: for hosts without any. */
export const findNoDataSet: FindDataSet = async (name) => {
  throw new AppError('input.notFound', `There is no data set "${name}".`, 'Add it first.')
}

/** The source of a model with the data set that is bound to it, else with the one its file names, else with the shipped images. */
export function locateModels(deps: {
  dataSets: ReturnType<typeof createModelDataSets>
  findDataSet: FindDataSet
  modelsFolder: string
  shipped: Pick<ImageLibrary, 'name' | 'sizes'>
}): (model: LoadedModel) => Promise<LocatedModel> {
  const { dataSets, findDataSet, modelsFolder, shipped } = deps
  return async ({ summary, graph }) => {
    const name = await dataSets.get(summary.id)
    const found = name === null ? null : await findDataSet(name)
    const own = name === null ? generatedSetOf(graph) : null
    return {
      dataSet:
        own === null
          ? { id: found?.info.id ?? shippedId, name: name ?? shipped.name }
          : { id: generatedId(own), name: own.name },
      source: {
        ...{ file: summary.path, modelId: summary.id, modelsFolder },
        dataSetFolder: found?.folder ?? null
      },
      async items(split) {
        // Sets of users and generated ones have no full test beside their own (modelTasks.ts).
        const held = split === 'fullTest' ? 'test' : split
        if (own !== null) return own.items[held]
        if (found !== null) return found.info.splits.find((one) => one.split === held)?.items ?? null
        return (await shipped.sizes()).find((one) => one.split === split)?.images ?? null
      }
    }
  }
}
