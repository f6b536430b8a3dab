import type { Graph } from '../../../core/model/graph'
import { openStoredItems } from '../../store/storedItems'
import { fitItems } from './dataFit'

/**
 * Checks a network against a data set.
 *
 * @throws AppError model.unsupportedShape unless the network reads the data set that is kept in `folder` and has its outputs.
 */
export async function requireFit(graph: Graph, folder: string): Promise<void> {
  const stored = await openStoredItems(folder)
  try {
    fitItems(graph, stored)
  } finally {
    await stored.close()
  }
}
