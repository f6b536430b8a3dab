import { findingsOf } from '../../../core/workload/statistics/findings'
import { mergeTables, type MergedRow } from '../../../core/workload/statistics/merge'
import type { MeasuredFigure, WorkloadTables } from '../../../shared/contract/workload/workloadRows'
import { withCaption } from '../../figures/caption'
import type { Figure } from '../../figures/renderFigure'
import { benchmarkOverview, speedAccuracyTradeoff } from './benchmarkFigures'
import { energyImpactScatter, impactByType, impactCorrelationMatrix, perLayerAnalysis } from './layerFigures'

/** Confidence and seed of what is computed from the tables. */
export interface StatisticsChoice {
  confidence: number
  seed: number
}

/** Everything that is derived from the tables of one network. */
export interface Analysis {
  model: string
  tables: WorkloadTables
  merged: MergedRow[]
  findings: string[]
  figures: Figure[]
}

/** Returns the figures of one network that its tables allow, with the merged rows and findings that they rest on. */
export function analyseWorkload(model: string, tables: WorkloadTables, choice: StatisticsChoice): Analysis {
  const { confidence, seed } = choice
  const merged = mergeTables(tables.layers, tables.impacts)
  const findings = findingsOf(tables, merged, confidence, seed)
  const title = isSimulated(tables) ? `${model} (SIMULATED power)` : model
  const correlation = findings.filter(
    (sentence) => sentence.includes('Pearson') && sentence.includes('per pass')
  )
  const { benchmark, layers } = tables
  const ofPrecisions = paleNote(benchmark.flatMap(drawnOfPrecision))
  const ofLayers = paleNote(layers.flatMap((row) => [row.timeUs, row.energyTotalJ, row.meanPowerW]))
  const figures = [
    ...(benchmark.length === 0
      ? []
      : [
          withCaption(benchmarkOverview(title, tables), ofPrecisions),
          withCaption(speedAccuracyTradeoff(title, tables), ofPrecisions)
        ]),
    ...(layers.length === 0 ? [] : [withCaption(perLayerAnalysis(title, tables), ofLayers)]),
    ...(tables.impacts.length === 0
      ? []
      : [
          impactByType(title, merged),
          energyImpactScatter(title, merged, [...correlation.slice(0, 2), ...ofLayers]),
          impactCorrelationMatrix(title, merged)
        ])
  ]
  return { model, tables, merged, findings, figures }
}

const drawnOfPrecision = (row: WorkloadTables['benchmark'][number]): MeasuredFigure[] => [
  ...[row.latencyMeanUs, row.speedup, row.energyNetJ, row.throughputPerS, row.quality]
]

/** What pale bars and points mean, below a figure that has one. */
function paleNote(drawn: readonly MeasuredFigure[]): string[] {
  return drawn.some(({ value, verdict }) => value !== null && verdict === 'INVALID')
    ? ['Pale: INVALID, not to be quoted; the reason stands in the tables.']
    : []
}

/** Whether a figure of the tables comes from a stand-in. */
export function isSimulated({ benchmark, layers }: WorkloadTables): boolean {
  const figures: MeasuredFigure[] = [
    ...benchmark.flatMap((row) => [row.energyTotalJ, row.meanPowerW]),
    ...layers.flatMap((row) => [row.energyTotalJ, row.meanPowerW])
  ]
  return figures.some((figure) => figure.value !== null && figure.origin === 'simulated')
}
