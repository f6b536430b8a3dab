import { correlate, validValue } from '../../../core/workload/statistics/correlate'
import { mainCost, mainChange } from '../../../core/workload/statistics/merge'
import type { MeasuredFigure, LayerType } from '../../../shared/contract/workload/workloadRows'
import { barPanel, figureOf, type Panel } from '../../figures/charts'
import { emptyPanel } from '../../figures/emptyPanel'
import { intervalBarPanel } from '../../figures/intervalCharts'
import type { Figure } from '../../figures/renderFigure'
import { isSimulated, type Analysis, type StatisticsChoice } from './workloadFigures'

/**
 * The twelfth figure: networks beside each other by what can be compared between different ones: speedup per precision,
 * share of cost by layer type, and the correlation of cost and impact with its interval. INVALID figures are left out;
 * shares that contain one are pale.
 */
export function comparativeAnalysis(analyses: readonly Analysis[], choice: StatisticsChoice): Figure {
  const mark = analyses.some(({ tables }) => isSimulated(tables)) ? ' (SIMULATED power)' : ''
  return figureOf('comparative_analysis', [
    precisionPanel('Speedup against fp32', 'times', analyses, (row) => row.speedup),
    precisionPanel(`Share of the net energy at fp32${mark}`, '%', analyses, (row, base) =>
      row.energyNetJ.verdict !== 'VALID' ||
      row.energyNetJ.value === null ||
      base?.energyNetJ.verdict !== 'VALID' ||
      base.energyNetJ.value === null ||
      base.energyNetJ.value <= 0
        ? null
        : (100 * row.energyNetJ.value) / base.energyNetJ.value
    ),
    sharePanel(analyses, mark),
    correlationPanelOf(analyses, choice)
  ])
}

type Row = Analysis['tables']['benchmark'][number]

function precisionPanel(
  title: string,
  label: string,
  analyses: readonly Analysis[],
  read: (row: Row, base: Row | undefined) => MeasuredFigure | number | null
): Panel {
  const precisions = [
    ...new Set(analyses.flatMap(({ tables }) => tables.benchmark.map((row) => row.precision)))
  ]
  const valueOf = ({ tables }: Analysis, precision: string): number => {
    const row = tables.benchmark.find((candidate) => candidate.precision === precision)
    const base = tables.benchmark.find((candidate) => candidate.precision === 'fp32')
    const found = row === undefined ? null : read(row, base)
    if (typeof found === 'number' || found === null) return found ?? NaN
    return found.verdict === 'VALID' ? (found.value ?? NaN) : NaN
  }
  const series = analyses.map((analysis) => ({
    name: analysis.model,
    values: precisions.map((precision) => valueOf(analysis, precision))
  }))
  if (series.every(({ values }) => values.every(Number.isNaN)))
    return emptyPanel(title, 'No run has a VALID figure.')
  return barPanel(title, label, precisions, series)
}

/** Share of energy by layer type where every network has energy, else of time. */
function sharePanel(analyses: readonly Analysis[], mark: string): Panel {
  const isEnergy = analyses.every(({ tables }) => tables.layers.every((row) => row.energyShare !== null))
  const key = isEnergy ? 'energyShare' : 'timeShare'
  const types = [...new Set(analyses.flatMap(({ tables }) => tables.layers.map((row) => row.type)))]
  const title = isEnergy ? `Energy by layer type${mark}` : 'Time by layer type (energy unavailable)'
  /** An INVALID layer is part of the sum that every share of its network is of. */
  const isDoubtful = ({ tables }: Analysis): boolean =>
    tables.layers.some((row) => (isEnergy ? row.energyTotalJ : row.timeUs).verdict === 'INVALID')
  if (types.length === 0) return emptyPanel(title, 'No layer was measured.')
  /** NaN, which draws nothing, where a network has no such layer. */
  const share = ({ tables }: Analysis, type: LayerType): number =>
    (tables.layers.some((row) => row.type === type) ? 100 : NaN) *
    tables.layers.filter((row) => row.type === type).reduce((sum, row) => sum + (row[key] ?? 0), 0)
  return barPanel(
    title,
    analyses.some(isDoubtful) ? '% of the network (pale: from INVALID figures)' : '% of the network',
    types,
    analyses.map((analysis) => ({
      name: analysis.model,
      values: types.map((type) => share(analysis, type)),
      isDoubtful: isDoubtful(analysis)
    }))
  )
}

function correlationPanelOf(analyses: readonly Analysis[], { confidence, seed }: StatisticsChoice): Panel {
  const bars = analyses.map(({ model, merged }) => {
    const change = mainChange(merged)
    const { cost, rows } = mainCost(merged.filter((row) => row.change === change))
    const found = correlate(
      rows,
      ['cost', (row) => row[cost].value],
      ['KL', (row) => validValue(row.klNats)],
      confidence,
      seed
    )
    const p = found.pearsonP === null ? '' : `, p=${found.pearsonP.toFixed(3)}`
    return {
      name: `${model}\n${cost === 'timeUs' ? 'time' : 'energy'}, n=${found.n}${p}`,
      figure:
        found.pearson === null
          ? null
          : {
              value: found.pearson,
              low: found.pearsonInterval?.[0] ?? null,
              high: found.pearsonInterval?.[1] ?? null
            }
    }
  })
  const title = 'Cost and KL over layers'
  if (bars.every(({ figure }) => figure === null))
    return emptyPanel(title, 'No correlation: in no run have three layers or more a VALID cost and impact.')
  const panel = intervalBarPanel(title, 'Pearson r with interval', bars)
  return { ...panel, y: { ...panel.y, min: -1, max: 1 } }
}
