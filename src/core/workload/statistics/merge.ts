import type {
  MeasuredFigure,
  ImpactChange,
  ImpactRow,
  LayerRow,
  LayerType
} from '../../../shared/contract/workload/workloadRows'
import { scaledFigure } from '../measure/figures'

/** What a layer costs, per forward pass (calls times the figure of one call). */
export const costMetrics = ['energyNetJ', 'energyTotalJ', 'timeUs'] as const

/** A cost of layers that impact is set against. */
export type CostMetric = (typeof costMetrics)[number]

/** Energy and impact of one layer under one change of it. Figures per forward pass. */
export interface MergedRow {
  layer: string
  type: LayerType
  className: string
  parameters: number
  macs: number
  calls: number
  /** The layer that was measured in its place; null when measured itself. */
  sameAs: string | null
  change: ImpactChange
  timeUs: MeasuredFigure
  energyTotalJ: MeasuredFigure
  energyNetJ: MeasuredFigure
  timeShare: number | null
  energyShare: number | null
  klNats: MeasuredFigure
  /** What float32 rounding alone can make of it, nats. */
  klRoundingNats?: number | undefined
  qualityChange: MeasuredFigure
  /** Loss of quality, larger is worse: accuracy lost, or ln of the perplexity ratio. */
  qualityLoss: number | null
  mcNemarP: number | null
  changedShare: number
  impactScore: number | null
  /** KL of this layer alone at a lower precision: what a decision about its precision needs; null when not measured. */
  int8KlNats: number | null
  int4KlNats: number | null
}

/** Ablations, in the order in which a run's main one is chosen. */
const ablationOrder = ['mean', 'zero', 'skip'] as const

/** Layers that both tables hold, per ablation, in the order of the layer table. */
export function mergeTables(layers: readonly LayerRow[], impacts: readonly ImpactRow[]): MergedRow[] {
  const byLayer = new Map(layers.map((layer) => [layer.layer, layer]))
  const place = new Map(layers.map((layer, at) => [layer.layer, at]))
  const klOf = (layer: string, change: ImpactChange): number | null => {
    const row = impacts.find((impact) => impact.layer === layer && impact.change === change)
    return row === undefined || row.klNats.verdict === 'INVALID' ? null : row.klNats.value
  }
  return impacts
    .filter((impact) => isAblation(impact.change) && byLayer.has(impact.layer))
    .map((impact): MergedRow => {
      const layer = byLayer.get(impact.layer)!
      return {
        ...{ layer: layer.layer, type: layer.type, className: layer.className },
        ...{ parameters: layer.parameters, macs: layer.macs, calls: layer.calls, sameAs: layer.sameAs },
        change: impact.change,
        timeUs: scaledFigure(layer.timeUs, layer.calls),
        energyTotalJ: scaledFigure(layer.energyTotalJ, layer.calls),
        energyNetJ: scaledFigure(layer.energyNetJ, layer.calls),
        timeShare: layer.timeShare,
        energyShare: layer.energyShare,
        klNats: impact.klNats,
        klRoundingNats: impact.klRoundingNats,
        qualityChange: impact.qualityChange,
        qualityLoss: qualityLossOf(impact),
        mcNemarP: impact.mcNemar?.p ?? null,
        changedShare: impact.changedShare,
        impactScore: impact.impactScore,
        int8KlNats: klOf(layer.layer, 'int8'),
        int4KlNats: klOf(layer.layer, 'int4')
      }
    })
    .sort((a, b) => place.get(a.layer)! - place.get(b.layer)! || (a.change < b.change ? -1 : 1))
}

/** The ablation that the findings use: mean where it was done. */
export function mainChange(impacts: readonly { change: ImpactChange }[]): ImpactChange | null {
  return ablationOrder.find((change) => impacts.some((impact) => impact.change === change)) ?? null
}

function isAblation(change: ImpactChange): boolean {
  return (ablationOrder as readonly string[]).includes(change)
}

function qualityLossOf(impact: ImpactRow): number | null {
  if (impact.metric === 'accuracy') {
    return impact.qualityChange.value === null ? null : -impact.qualityChange.value
  }
  const ratio = impact.perplexityRatio?.value ?? null
  return ratio === null || ratio <= 0 ? null : Math.log(ratio)
}

/**
 * What stands for cost: net energy where at least three layers have a VALID one, else total energy, else time.
 *
 * @returns the metric, and the rows whose figure of it is VALID
 */
export function mainCost(rows: readonly MergedRow[]): { cost: CostMetric; rows: MergedRow[] } {
  for (const cost of costMetrics) {
    const valid = rows.filter((row) => row[cost].verdict === 'VALID' && row[cost].value !== null)
    if (valid.length >= 3) return { cost, rows: valid }
  }
  return { cost: 'timeUs', rows: rows.filter((row) => row.timeUs.verdict === 'VALID') }
}

/** Words for a cost metric. */
export const costWords: Readonly<Record<CostMetric, string>> = {
  energyNetJ: 'Net energy per pass',
  energyTotalJ: 'Total energy per pass',
  timeUs: 'Time per pass'
}
