import { gpuMetrics, type GpuField, type GpuMetric } from '../../shared/contract/gpu'

/**
 * What nvidia-smi is queried for, by metric. Drivers renamed fields over the years and print a column under a name
 * of their own choosing (for `clocks.sm`, they write it `clocks.current.sm`), so every metric knows all its
 * names, newest first.
 *
 * Source: `nvidia-smi --help-query-gpu`; clocks_throttle_reasons became clocks_event_reasons with driver 535.
 */
export interface MetricSpec {
  readonly metric: GpuMetric
  readonly fields: readonly string[]
  /** Dimension of the printed unit; values are converted to the unit in the metric's name. */
  readonly dimension: Dimension
}

/** Physical dimension of a metric; decides unit and format. */
export type Dimension = 'power' | 'frequency' | 'percent' | 'memory' | 'temperature' | 'mask'

const specs: Record<GpuMetric, Omit<MetricSpec, 'metric'>> = {
  powerW: { fields: ['power.draw'], dimension: 'power' },
  powerInstantW: { fields: ['power.draw.instant'], dimension: 'power' },
  powerAverageW: { fields: ['power.draw.average'], dimension: 'power' },
  smClockMhz: { fields: ['clocks.current.sm', 'clocks.sm'], dimension: 'frequency' },
  memoryClockMhz: { fields: ['clocks.current.memory', 'clocks.mem'], dimension: 'frequency' },
  utilizationPercent: { fields: ['utilization.gpu'], dimension: 'percent' },
  memoryUtilizationPercent: { fields: ['utilization.memory'], dimension: 'percent' },
  memoryUsedBytes: { fields: ['memory.used'], dimension: 'memory' },
  temperatureC: { fields: ['temperature.gpu'], dimension: 'temperature' },
  memoryTemperatureC: { fields: ['temperature.memory'], dimension: 'temperature' },
  throttleMask: {
    fields: ['clocks_event_reasons.active', 'clocks_throttle_reasons.active'],
    dimension: 'mask'
  }
}

/** All metrics in the order in which a sample keeps them. */
export const metricSpecs: readonly MetricSpec[] = gpuMetrics.map((metric) => ({ metric, ...specs[metric] }))
/** How many metrics there are. */
export const metricCount = metricSpecs.length

/** Position of a metric in a sample's values. */
export const metricAt: Readonly<Record<GpuMetric, number>> = Object.fromEntries(
  gpuMetrics.map((metric, at) => [metric, at])
) as Record<GpuMetric, number>

const metricOfField = new Map<string, number>(
  metricSpecs.flatMap((spec, at) => spec.fields.map((field): [string, number] => [field, at]))
)

/** Position of the metric that a query field (under any of its names) serves; undefined for other fields. */
export function metricPositionOf(field: string): number | undefined {
  return metricOfField.get(field)
}

/** One reading of one GPU. `values` are in metric order, in the metrics' units; NaN is unavailable. */
export interface GpuSample {
  readonly gpuIndex: number
  /** Milliseconds on the sampler's steady clock. */
  readonly tMs: number
  readonly values: Float64Array
}

/**
 * Metrics that energy may be computed from, best first. The instant reading has the shortest window on every GPU that
 * has it; power.draw is a 1 s average on some drivers (arXiv 2312.02741).
 */
const powerMetrics = ['powerInstantW', 'powerW', 'powerAverageW'] as const satisfies readonly GpuMetric[]

/** The field that energy of this GPU is computed from; null when it reports no power at all. */
export function powerFieldOf(fields: readonly GpuField[]): { metric: GpuMetric; field: string } | null {
  for (const metric of powerMetrics) {
    const found = fields.find((field) => field.metric === metric && field.supported)
    if (found?.field != null) return { metric, field: found.field }
  }
  return null
}

/** The metric that a recording's power field was stored as; power.draw where none is known. */
export function powerMetricOf(powerField: string | null): GpuMetric {
  return powerMetrics.find((metric) => specs[metric].fields.some((field) => field === powerField)) ?? 'powerW'
}
