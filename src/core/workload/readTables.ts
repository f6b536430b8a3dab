import {
  benchmarkRowSchema,
  impactRowSchema,
  layerRowSchema,
  type BenchmarkRow,
  type ImpactRow,
  type LayerRow
} from '../../shared/contract/workload/workloadRows'
import { AppError } from '../../shared/errors'
import { parseCsv } from '../estimator/samples/csvTable'

/** Cells of one row by column name; an empty text is an unavailable value. */
type Cells = Readonly<Record<string, string>>

/** Files below OUT/<model>/, as `workload run --out` writes them. */
export const tableFiles = {
  benchmark: 'benchmark_results.csv',
  layers: 'per_layer_energy.csv',
  impacts: 'prediction_impact.csv'
} as const

/** A table that was read back. */
export interface ReadTable<T> {
  model: string
  /** Of the intervals, 0..1. */
  confidence: number
  rows: T[]
}

/** Reads a table of precisions back. @throws data.invalid naming file, line and column */
export function readBenchmarkCsv(text: string, file: string): ReadTable<BenchmarkRow> {
  return readRows(text, file, benchmarkRowSchema, (cells) => ({
    precision: cells['precision'],
    batch: number(cells['batch_samples']),
    latencyMeanUs: figure(cells, 'latency_mean_us'),
    latencyP50Us: figure(cells, 'latency_p50_us'),
    latencyP95Us: figure(cells, 'latency_p95_us'),
    speedup: figure(cells, 'speedup_vs_fp32'),
    throughputPerS: figure(cells, 'throughput_samples_per_s'),
    energyTotalJ: figure(cells, 'energy_total_per_sample_j'),
    energyNetJ: figure(cells, 'energy_net_per_sample_j'),
    meanPowerW: figure(cells, 'mean_power_w'),
    metric: cells['metric'],
    quality: figure(cells, 'quality'),
    weightBytes: number(cells['weight_bytes']),
    startC: startOf(cells)
  }))
}

/** Reads a table of layers back. @throws data.invalid naming file, line and column */
export function readLayerCsv(text: string, file: string): ReadTable<LayerRow> {
  return readRows(text, file, layerRowSchema, (cells) => ({
    layer: cells['layer'],
    type: cells['type'],
    className: cells['class'],
    sharedWith: (cells['shares_weights_with'] ?? '').split(' ').filter((name) => name !== ''),
    parameters: number(cells['parameters']),
    macs: number(cells['macs']),
    calls: number(cells['calls']),
    sameAs: cells['same_as'] === '' ? null : (cells['same_as'] ?? null),
    timeUs: figure(cells, 'time_per_call_us'),
    energyTotalJ: figure(cells, 'energy_total_per_call_j'),
    energyNetJ: figure(cells, 'energy_net_per_call_j'),
    meanPowerW: figure(cells, 'mean_power_w'),
    timeShare: number(cells['time_share']),
    energyShare: number(cells['energy_share']),
    startC: startOf(cells),
    copies: copiesOf(cells)
  }))
}

/** Reads a table of prediction impact back. @throws data.invalid naming file, line and column */
export function readImpactCsv(text: string, file: string): ReadTable<ImpactRow> {
  return readRows(text, file, impactRowSchema, (cells) => {
    const lost = number(cells['mcnemar_lost'])
    return {
      layer: cells['layer'],
      type: cells['type'],
      change: cells['change'],
      klNats: figure(cells, 'kl_original_changed_nats'),
      klRoundingNats: number(cells['kl_rounding_nats']) ?? undefined,
      metric: cells['metric'],
      quality: figure(cells, 'quality'),
      qualityChange: figure(cells, 'quality_change'),
      perplexityRatio: cells['metric'] === 'perplexity' ? figure(cells, 'perplexity_ratio') : null,
      mcNemar:
        lost === null
          ? null
          : { lost, gained: number(cells['mcnemar_gained']), p: number(cells['mcnemar_p']) },
      changedShare: number(cells['changed_share']),
      impactScore: number(cells['impact_score']),
      klRank: number(cells['kl_rank']),
      qualityRank: number(cells['quality_rank'])
    }
  })
}

/** A schema of the contract, as far as it is used here. */
interface RowSchema<T> {
  safeParse(
    value: unknown
  ):
    | { success: true; data: T }
    | { success: false; error: { issues: readonly { path: readonly PropertyKey[]; message: string }[] } }
}

function readRows<T>(
  text: string,
  file: string,
  schema: RowSchema<T>,
  shape: (cells: Cells) => unknown
): ReadTable<T> {
  const { header, rows } = parseCsv(text, file)
  const records = rows.map((row): Cells =>
    Object.fromEntries(header.map((name, at) => [name, row[at] ?? '']))
  )
  return {
    model: records[0]?.['model'] ?? '',
    confidence: confidenceOf(records, file),
    rows: records.map((cells, at) => {
      const parsed = schema.safeParse(shape(cells))
      if (parsed.success) return parsed.data
      const issue = parsed.error.issues[0]
      throw new AppError(
        'data.invalid',
        `${file}, row ${at + 1}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is wrong'}.`,
        'Use the tables as "workload run --out" writes them, with every column.'
      )
    })
  }
}

/** That of every row; 0.95 where the column is missing, as in files of earlier versions. */
function confidenceOf(records: readonly Cells[], file: string): number {
  const found = [...new Set(records.map((cells) => number(cells['confidence']) ?? 0.95))]
  if (found.length <= 1 && found.every((one) => one > 0 && one < 1)) return found[0] ?? 0.95
  throw new AppError(
    'data.invalid',
    `${file}: the column "confidence" holds ${found.join(', ')}.`,
    'It is one number between 0 and 1, the same in every row.'
  )
}

/** Null in files of older versions too. */
function startOf(cells: Cells): unknown {
  const minC = number(cells['start_temperature_min_c'])
  return minC === null ? null : { minC, maxC: number(cells['start_temperature_max_c']) }
}

function copiesOf(cells: Cells): unknown {
  const count = number(cells['input_copies'])
  if (count === null) return null
  return { count, bytes: number(cells['input_copies_bytes']), cacheBytes: number(cells['cache_bytes']) }
}

function number(cell: string | undefined): number | null {
  if (cell === undefined || cell.trim() === '') return null
  return Number(cell)
}

/** The seven columns of a figure. */
function figure(cells: Cells, name: string): unknown {
  return {
    value: number(cells[name]),
    low: number(cells[`${name}_low`]),
    high: number(cells[`${name}_high`]),
    n: number(cells[`${name}_n`]),
    origin: cells[`${name}_origin`],
    verdict: cells[`${name}_verdict`],
    reason: cells[`${name}_reason`] === '' ? null : cells[`${name}_reason`]
  }
}
