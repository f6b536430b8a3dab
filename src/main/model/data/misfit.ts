import { AppError } from '../../../shared/errors'
import type { ModelInfo } from '../../../shared/contract/model'
import type { Graph } from '../../../core/model/graph'
import { fitItems } from './dataFit'
import { generatedSetOf, openGeneratedItems } from './generatedItems'
import { checkClasses, checkImages } from './imageFit'
import type { ImageLibrary } from './imageLibrary'
import { requireFit } from './requireFit'

/** Why a network cannot be judged on a data set, with what to do about it; undefined where it can. */
export type Misfit = ModelInfo['misfit']

/** Of the data set that the network's file names, else of the shipped images. */
export function misfitOfOwn(graph: Graph, library: ImageLibrary, modelsFolder: string): Promise<Misfit> {
  return misfitOf(async () => {
    const own = generatedSetOf(graph)
    if (own !== null) {
      fitItems(graph, openGeneratedItems(own, modelsFolder))
      return
    }
    checkImages(graph, await library.shape())
    checkClasses(graph, (await library.load('test')).labels)
  })
}

/** Of a data set of the user, by its folder. */
export function misfitOfSet(graph: Graph, folder: () => Promise<string>): Promise<Misfit> {
  return misfitOf(async () => requireFit(graph, await folder()))
}

/** A network is shown whatever stands in the way of judging it. */
async function misfitOf(check: () => Promise<void>): Promise<Misfit> {
  try {
    await check()
    return undefined
  } catch (reason) {
    const { code, message, hint } = AppError.from(reason)
    return { code, message, hint }
  }
}
