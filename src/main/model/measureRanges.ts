import type { ModelRanges, TensorRange } from '../../shared/contract/model/modelRanges'
import { inBins, joinSpreads, type ValueSpread } from '../../core/math/valueSpread'
import type { TaskPool } from '../threads/taskPool'
import type { LoadedModel } from './files/modelFiles'
import type { LocatedModel } from './modelSources'
import type { ModelTasks } from './accuracy/schemeEvaluations'

/** Bins that are shown of a tensor. */
const shownBins = 64
/** Calibration items between two reports. */
const itemsPerReport = 64

/**
 * Distributions of a model's weights and of its activations over the calibration items, computed in workers; `report` is
 * called with the weights at once and with the activations as they grow.
 * @throws AppError model.unsupportedShape, data.missing when there are no items that fit; the weights have been reported then
 */
export async function measureRanges(
  deps: { tasks: TaskPool<ModelTasks>; sourceOf: (model: LoadedModel) => Promise<LocatedModel> },
  model: LoadedModel,
  signal: AbortSignal,
  report: (ranges: ModelRanges) => void
): Promise<void> {
  const { tasks } = deps
  const { source, dataSet } = await deps.sourceOf(model)
  const weights = (await tasks.run('model.weightSpreads', { file: source.file }, { signal })).map(presented)
  const known = { modelId: model.summary.id, dataSet: dataSet.name, weights }
  report({ ...known, activations: [], items: 0, total: 0 })
  const joined = new Map<string, ValueSpread>()
  for (let from = 0; ;) {
    const part = { ...source, from, count: itemsPerReport }
    const { outputs, items, total } = await tasks.run('model.outputSpreads', part, { signal })
    for (const { layer, spread } of outputs) {
      const before = joined.get(layer)
      joined.set(layer, before === undefined ? spread : joinSpreads(before, spread))
    }
    from += items
    const activations = [...joined].map(([layer, spread]) => presented({ layer, spread }))
    report({ ...known, activations, items: from, total })
    if (from >= total) return
  }
}

function presented({ layer, spread }: { layer: string; spread: ValueSpread }): TensorRange {
  const { values, notFinite, zeros, least, largest, ...bins } = inBins(spread, shownBins)
  const binWidth = 2 ** bins.exponent
  return {
    layer,
    values,
    notFinite,
    zeros,
    least,
    largest,
    binStart: bins.firstBin * binWidth,
    binWidth,
    counts: [...bins.counts]
  }
}
