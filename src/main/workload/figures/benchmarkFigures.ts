import {
  workloadPrecisions,
  type BenchmarkRow,
  type MeasuredFigure,
  type WorkloadPrecision,
  type WorkloadTables
} from '../../../shared/contract/workload/workloadRows'
import { figureColors, figureOf, type Panel } from '../../figures/charts'
import { emptyPanel } from '../../figures/emptyPanel'
import { intervalBarPanel, labelledPointsPanel } from '../../figures/intervalCharts'
import type { Figure } from '../../figures/renderFigure'
import { drawnValue, reasonOf, scaleOf } from './scale'

/** Figures 2 and 4: latency, speedup, energy, throughput, quality and size per precision. */
export function benchmarkOverview(title: string, { benchmark }: WorkloadTables): Figure {
  const quality = benchmark[0]?.metric ?? 'accuracy'
  return figureOf(
    'benchmark_overview',
    [
      barsOf(`${title}: latency`, 'mean latency per pass', benchmark, (row) => row.latencyMeanUs, 's', 1e-6),
      barsOf('Speedup against fp32', 'times', benchmark, (row) => row.speedup, ''),
      barsOf('Net energy', 'energy per sample', benchmark, (row) => row.energyNetJ, 'J'),
      barsOf('Throughput', 'samples/s', benchmark, (row) => row.throughputPerS, ''),
      barsOf(
        quality === 'accuracy' ? 'Accuracy' : 'Perplexity',
        quality === 'accuracy' ? 'accuracy, %' : 'perplexity per token',
        benchmark,
        (row) => row.quality,
        '',
        quality === 'accuracy' ? 100 : 1
      ),
      intervalBarPanel(
        'Weights',
        'MB',
        benchmark.map((row) => ({
          name: row.precision,
          figure: row.weightBytes === null ? null : { value: row.weightBytes / 1e6, low: null, high: null },
          ...colorOf(row.precision)
        }))
      )
    ],
    3
  )
}

/** A precision has one colour in all figures. */
function colorOf(precision: WorkloadPrecision): { color: string } {
  return { color: figureColors[workloadPrecisions.indexOf(precision)] }
}

function barsOf(
  title: string,
  label: string,
  rows: readonly BenchmarkRow[],
  read: (row: BenchmarkRow) => MeasuredFigure,
  unit: string,
  factor = 1
): Panel {
  const figures = rows.map(read)
  if (figures.every((figure) => figure.value === null))
    return emptyPanel(title, `Unavailable. ${reasonOf(figures)}`)
  const scale =
    unit === ''
      ? { unit, factor }
      : scaleOf(
          figures.map((figure) => figure.value),
          unit,
          factor
        )
  return intervalBarPanel(
    title,
    scale.unit === '' ? label : `${label}, ${scale.unit}`,
    rows.map((row) => ({
      name: row.precision,
      figure: drawnValue(read(row), scale),
      ...colorOf(row.precision)
    }))
  )
}

/** Figure 3: quality against latency, and against energy where there is any. */
export function speedAccuracyTradeoff(title: string, { benchmark }: WorkloadTables): Figure {
  const isAccuracy = (benchmark[0]?.metric ?? 'accuracy') === 'accuracy'
  const qualityLabel = isAccuracy ? 'accuracy, %' : 'perplexity per token (lower is better)'
  const panel = (
    name: string,
    label: string,
    read: (row: BenchmarkRow) => MeasuredFigure,
    unit: string,
    factor: number
  ) => {
    const figures = benchmark.map(read)
    const both = benchmark.filter((row) => read(row).value !== null && row.quality.value !== null)
    if (both.length === 0) return emptyPanel(name, `Unavailable. ${reasonOf(figures)}`)
    const scale = scaleOf(
      figures.map((figure) => figure.value),
      unit,
      factor
    )
    return labelledPointsPanel(
      name,
      { label: `${label}, ${scale.unit}` },
      { label: qualityLabel },
      both.map((row) => ({
        name: row.precision,
        ...colorOf(row.precision),
        points: [
          {
            name: '',
            x: drawnValue(read(row), scale)!,
            y: drawnValue(row.quality, { unit: '', factor: isAccuracy ? 100 : 1 })!
          }
        ]
      }))
    )
  }
  return figureOf('speed_accuracy_tradeoff', [
    panel(`${title}: speed`, 'mean latency per pass', (row) => row.latencyMeanUs, 's', 1e-6),
    panel('Energy', 'net energy per sample', (row) => row.energyNetJ, 'J', 1)
  ])
}
