import type { MeasuredFigure } from '../../shared/contract/workload/workloadRows'
import type { MergedRow } from './statistics/merge'
import { figureCells, type Cells } from './tableCsv'

/** Name of the merged table's file. */
export const mergedFile = 'energy_impact_merged.csv'

/** A row of energy_impact_merged.csv: figures per forward pass with interval and verdict, the reasons left out. */
export function mergedCells(model: string, row: MergedRow, confidence: number): Cells {
  return {
    ...{ model, layer: row.layer, type: row.type, class: row.className, change: row.change },
    ...{ parameters: row.parameters, macs: row.macs, calls: row.calls, same_as: row.sameAs },
    ...unexplained('time_per_pass_us', row.timeUs),
    ...unexplained('energy_total_per_pass_j', row.energyTotalJ),
    ...unexplained('energy_net_per_pass_j', row.energyNetJ),
    ...{ time_share: row.timeShare, energy_share: row.energyShare },
    ...unexplained('kl_original_changed_nats', row.klNats),
    kl_rounding_nats: row.klRoundingNats ?? null,
    ...unexplained('quality_change', row.qualityChange),
    ...{ quality_loss: row.qualityLoss, mcnemar_p: row.mcNemarP, changed_share: row.changedShare },
    impact_score: row.impactScore,
    ...{ kl_at_int8_nats: row.int8KlNats, kl_at_int4_nats: row.int4KlNats },
    confidence
  }
}

function unexplained(name: string, figure: MeasuredFigure): Cells {
  const { [`${name}_reason`]: _reason, ...cells } = figureCells(name, figure)
  return cells
}
