import { midRanks } from '../../math/correlation'
import type { LayerEvent } from '../../../shared/contract/workload/workloadProtocol'
import type { Variant } from '../../../shared/contract/workload/workloadEvidence'
import {
  impactChangeSchema,
  type ImpactRow,
  type TaskMetric
} from '../../../shared/contract/workload/workloadRows'

/**
 * Rows of every changed layer. The impact score compares the layers under one change: the mean of the rank by KL and the
 * rank by lost quality, over the number of layers.
 */
export function impactRows(
  variants: readonly Variant[],
  layers: readonly LayerEvent[],
  metric: TaskMetric
): ImpactRow[] {
  const types = new Map(layers.map(({ id, type }) => [id, type]))
  const rows = variants.flatMap((variant): ImpactRow[] => {
    const [change, ...rest] = variant.name.split(':')
    const layer = rest.join(':')
    const known = impactChangeSchema.safeParse(change)
    const type = types.get(layer)
    if (!known.success || type === undefined) return []
    const { name: _name, ...figures } = variant
    return [
      {
        layer,
        type,
        change: known.data,
        metric,
        ...figures,
        impactScore: null,
        klRank: null,
        qualityRank: null
      }
    ]
  })
  return [...new Set(rows.map(({ change }) => change))].flatMap((change) =>
    withScores(rows.filter((row) => row.change === change))
  )
}

function withScores(rows: readonly ImpactRow[]): ImpactRow[] {
  const kl = rows.map(({ klNats }) => klNats.value)
  const loss = rows.map(({ perplexityRatio, qualityChange }) =>
    perplexityRatio === null
      ? qualityChange.value === null
        ? null
        : -qualityChange.value
      : perplexityRatio.value
  )
  // A change that makes probabilities 0 has no finite figure and ranks last.
  const finite = (values: readonly (number | null)[]): number[] => values.map((value) => value ?? Infinity)
  if (rows.length < 2) return [...rows]
  const klRanks = midRanks(finite(kl))
  const qualityRanks = midRanks(finite(loss))
  return rows.map((row, index) => ({
    ...row,
    klRank: klRanks[index],
    qualityRank: qualityRanks[index],
    impactScore: (klRanks[index] + qualityRanks[index]) / 2 / rows.length
  }))
}
