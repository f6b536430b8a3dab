import { csvLine } from '../../shared/csvLine'
import type {
  BenchmarkRow,
  LoopCopies,
  MeasuredFigure,
  StartTemperature,
  ImpactRow,
  LayerRow
} from '../../shared/contract/workload/workloadRows'

/** One row of a CSV table by column name; null: an empty cell. */
export type Cells = Record<string, string | number | null>

/** A figure as columns: value, low, high, n, origin, verdict, reason. The unit is in the name. */
export function figureCells(name: string, figure: MeasuredFigure): Cells {
  const { value, low, high, n, origin, verdict, reason } = figure
  return {
    [name]: value,
    ...{ [`${name}_low`]: low, [`${name}_high`]: high, [`${name}_n`]: n },
    ...{ [`${name}_origin`]: origin, [`${name}_verdict`]: verdict, [`${name}_reason`]: reason }
  }
}

const startCells = (range: StartTemperature | null): Cells => ({
  start_temperature_min_c: range?.minC ?? null,
  start_temperature_max_c: range?.maxC ?? null
})

const copyCells = (copies: LoopCopies | null): Cells => ({
  input_copies: copies?.count ?? null,
  input_copies_bytes: copies?.bytes ?? null,
  cache_bytes: copies?.cacheBytes ?? null
})

/** Cells of a row of benchmark_results.csv, by column; its intervals are at `confidence`, 0..1. */
export function benchmarkCells(model: string, row: BenchmarkRow, confidence: number): Cells {
  return {
    ...{ model, precision: row.precision, batch_samples: row.batch },
    ...figureCells('latency_mean_us', row.latencyMeanUs),
    ...figureCells('latency_p50_us', row.latencyP50Us),
    ...figureCells('latency_p95_us', row.latencyP95Us),
    ...figureCells('speedup_vs_fp32', row.speedup),
    ...figureCells('throughput_samples_per_s', row.throughputPerS),
    ...figureCells('energy_total_per_sample_j', row.energyTotalJ),
    ...figureCells('energy_net_per_sample_j', row.energyNetJ),
    ...figureCells('mean_power_w', row.meanPowerW),
    metric: row.metric,
    ...figureCells('quality', row.quality),
    weight_bytes: row.weightBytes,
    ...startCells(row.startC),
    confidence
  }
}

/** Cells of a row of per_layer_energy.csv, by column; its intervals are at `confidence`, 0..1. */
export function layerCells(model: string, row: LayerRow, confidence: number): Cells {
  return {
    ...{ model, layer: row.layer, type: row.type, class: row.className, calls: row.calls },
    ...{
      parameters: row.parameters,
      macs: row.macs,
      same_as: row.sameAs,
      shares_weights_with: row.sharedWith.join(' ')
    },
    ...figureCells('time_per_call_us', row.timeUs),
    ...figureCells('energy_total_per_call_j', row.energyTotalJ),
    ...figureCells('energy_net_per_call_j', row.energyNetJ),
    ...figureCells('mean_power_w', row.meanPowerW),
    time_share: row.timeShare,
    energy_share: row.energyShare,
    ...startCells(row.startC),
    ...copyCells(row.copies),
    confidence
  }
}

/** Cells of a row of prediction_impact.csv, by column; its intervals are at `confidence`, 0..1. */
export function impactCells(model: string, row: ImpactRow, confidence: number): Cells {
  const none: MeasuredFigure = {
    ...{ value: null, low: null, high: null, n: 0, origin: 'measured' as const },
    ...{ verdict: 'unavailable' as const, reason: 'Of language models alone.' }
  }
  return {
    ...{ model, layer: row.layer, type: row.type, change: row.change, metric: row.metric },
    ...figureCells('kl_original_changed_nats', row.klNats),
    kl_rounding_nats: row.klRoundingNats ?? null,
    ...figureCells('quality', row.quality),
    ...figureCells('quality_change', row.qualityChange),
    ...figureCells('perplexity_ratio', row.perplexityRatio ?? none),
    ...{ mcnemar_lost: row.mcNemar?.lost ?? null, mcnemar_gained: row.mcNemar?.gained ?? null },
    ...{ mcnemar_p: row.mcNemar?.p ?? null, changed_share: row.changedShare },
    ...{ kl_rank: row.klRank, quality_rank: row.qualityRank, impact_score: row.impactScore },
    confidence
  }
}

/** Rows as CSV with a header line. */
export function csvOf(rows: readonly Cells[]): string {
  const columns = Object.keys(rows[0] ?? {})
  const lines = [columns, ...rows.map((row) => columns.map((name) => row[name]))]
  return lines.map((line) => `${csvLine(line)}\n`).join('')
}
