import { findingsOf } from '../../../core/workload/statistics/findings'
import { mergeTables, type MergedRow } from '../../../core/workload/statistics/merge'
import type { MeasuredFigure, WorkloadTables } from '../../../shared/contract/workload/workloadRows'
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
  const figures = [
    ...(tables.benchmark.length === 0
      ? []
      : [benchmarkOverview(title, tables), speedAccuracyTradeoff(title, tables)]),
    ...(tables.layers.length === 0 ? [] : [perLayerAnalysis(title, tables)]),
    ...(tables.impacts.length === 0
      ? []
      : [
          impactByType(title, merged),
          energyImpactScatter(title, merged, correlation.slice(0, 2)),
          impactCorrelationMatrix(title, merged)
        ])
  ]
  return { model, tables, merged, findings, figures }
}

/** Whether a figure of the tables comes from a stand-in. */
export function isSimulated({ benchmark, layers }: WorkloadTables): boolean {
  const figures: MeasuredFigure[] = [
    ...benchmark.flatMap((row) => [row.energyTotalJ, row.meanPowerW]),
    ...layers.flatMap((row) => [row.energyTotalJ, row.meanPowerW])
  ]
  return figures.some((figure) => figure.value !== null && figure.origin === 'simulated')
}
