import type { MeasuredFigure } from '../../shared/contract/workloadRows'
import type { MergedRow } from './statistics/merge'

type Cell = string | number | null

/** energy_impact_merged.csv: one row per layer and ablation, figures per forward pass with interval and verdict. */
export function mergedCsv(model: string, rows: readonly MergedRow[]): string {
  const records = rows.map((row) => mergedCells(model, row))
  const columns = Object.keys(mergedCells('', emptyRow))
  const lines = [columns, ...records.map((record) => columns.map((name) => record[name] ?? null))]
  return lines.map((line) => `${line.map(textOf).join(',')}\n`).join('')
}

function mergedCells(model: string, row: MergedRow): Record<string, Cell> {
  return {
    ...{ model, layer: row.layer, type: row.type, class: row.className, change: row.change },
    ...{ parameters: row.parameters, macs: row.macs, calls: row.calls, same_as: row.sameAs },
    ...figureCells('time_per_pass_us', row.timeUs),
    ...figureCells('energy_total_per_pass_j', row.energyTotalJ),
    ...figureCells('energy_net_per_pass_j', row.energyNetJ),
    ...{ time_share: row.timeShare, energy_share: row.energyShare },
    ...figureCells('kl_original_changed_nats', row.klNats),
    ...figureCells('quality_change', row.qualityChange),
    ...{ quality_loss: row.qualityLoss, mcnemar_p: row.mcNemarP, changed_share: row.changedShare },
    impact_score: row.impactScore,
    ...{ kl_at_int8_nats: row.int8KlNats, kl_at_int4_nats: row.int4KlNats }
  }
}

function figureCells(name: string, figure: MeasuredFigure): Record<string, Cell> {
  return {
    [name]: figure.value,
    ...{ [`${name}_low`]: figure.low, [`${name}_high`]: figure.high, [`${name}_n`]: figure.n },
    ...{ [`${name}_origin`]: figure.origin, [`${name}_verdict`]: figure.verdict }
  }
}

/** RFC 4180: quoted where it holds a comma, a quote or a line break. */
function textOf(cell: Cell): string {
  const text = cell === null ? '' : String(cell)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const nothing: MeasuredFigure = {
  ...{ value: null, low: null, high: null, n: 0, origin: 'measured', verdict: 'unavailable', reason: null }
}
/** Names the columns of a table without rows. */
const emptyRow: MergedRow = {
  ...{
    layer: '',
    type: 'other',
    className: '',
    parameters: 0,
    macs: 0,
    calls: 0,
    sameAs: null,
    change: 'mean'
  },
  ...{ timeUs: nothing, energyTotalJ: nothing, energyNetJ: nothing, timeShare: null, energyShare: null },
  ...{ klNats: nothing, qualityChange: nothing, qualityLoss: null, mcNemarP: null, changedShare: 0 },
  ...{ impactScore: null, int8KlNats: null, int4KlNats: null }
}
