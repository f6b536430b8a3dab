import { scaledFigure } from '../../../core/workload/measure/figures'
import { correlationMatrix } from '../../../core/workload/statistics/correlate'
import { mainCost, costWords, mainChange, type MergedRow } from '../../../core/workload/statistics/merge'
import {
  layerTypes,
  type LayerRow,
  type LayerType,
  type MeasuredFigure,
  type WorkloadTables
} from '../../../shared/contract/workload/workloadRows'
import { figureColors, figureOf, type Panel } from '../../figures/charts'
import { correlationPanel } from '../../figures/correlationChart'
import { withCaption } from '../../figures/caption'
import { emptyPanel } from '../../figures/emptyPanel'
import { intervalBarPanel, labelledPointsPanel, type IntervalValue } from '../../figures/intervalCharts'
import type { Figure } from '../../figures/renderFigure'
import { drawnValue, reasonOf, scaleOf } from './scale'

/** A layer type has one colour in all figures. */
function colorOf(type: LayerType): string {
  return figureColors[layerTypes.indexOf(type)] ?? '#5b3a29'
}

/** Layers shown one by one; the costliest where there are more. */
const shownLayers = 24

/** Figures 5 and 9: energy per layer and per type, time and mean power per type. */
export function perLayerAnalysis(title: string, { layers }: WorkloadTables): Figure {
  const perPass = (read: (row: LayerRow) => MeasuredFigure) => (row: LayerRow) =>
    scaledFigure(read(row), row.calls)
  const energy = perPass((row) => row.energyTotalJ)
  const time = perPass((row) => row.timeUs)
  const hasEnergy = layers.some((row) => row.energyTotalJ.value !== null)
  const first = hasEnergy
    ? layerBars(`${title}: energy per layer`, 'total energy per pass', layers, energy, 'J', 1)
    : layerBars(`${title}: time per layer`, 'time per pass (energy unavailable)', layers, time, 's', 1e-6)
  return figureOf('per_layer_energy_analysis', [
    first,
    typeBars('Energy by layer type', 'total energy per pass', layers, energy, 'J', 1, 'sum'),
    typeBars('Time by layer type', 'time per pass', layers, time, 's', 1e-6, 'sum'),
    typeBars('Mean power by layer type', 'mean power', layers, (row) => row.meanPowerW, 'W', 1, 'mean')
  ])
}

function layerBars(
  title: string,
  label: string,
  layers: readonly LayerRow[],
  read: (row: LayerRow) => MeasuredFigure,
  unit: string,
  factor: number
): Panel {
  const known = layers.filter((row) => read(row).value !== null)
  if (known.length === 0) return emptyPanel(title, `Unavailable. ${reasonOf(layers.map(read))}`)
  const costliest = [...known].sort((a, b) => read(b).value! - read(a).value!).slice(0, shownLayers)
  const shown = known.filter((row) => costliest.includes(row))
  const scale = scaleOf(
    shown.map((row) => read(row).value),
    unit,
    factor
  )
  const more = known.length > shown.length ? ` (${shown.length} of ${known.length})` : ''
  return intervalBarPanel(
    `${title}${more}`,
    `${label}, ${scale.unit}`,
    shown.map((row) => ({ name: row.layer, figure: drawnValue(read(row), scale), color: colorOf(row.type) })),
    true
  )
}

/** Sums carry no interval: those of their layers are not independent of each other. */
function typeBars(
  title: string,
  label: string,
  layers: readonly LayerRow[],
  read: (row: LayerRow) => MeasuredFigure,
  unit: string,
  factor: number,
  how: 'sum' | 'mean'
): Panel {
  const known = layers.filter((row) => read(row).value !== null)
  if (known.length === 0) return emptyPanel(title, `Unavailable. ${reasonOf(layers.map(read))}`)
  const bars = layerTypes.flatMap((type) => {
    const rows = known.filter((row) => row.type === type)
    if (rows.length === 0) return []
    const sum = rows.reduce((total, row) => total + read(row).value!, 0)
    const isDoubtful = rows.some((row) => read(row).verdict === 'INVALID')
    return [{ type, rows: rows.length, value: how === 'sum' ? sum : sum / rows.length, isDoubtful }]
  })
  const scale = scaleOf(
    bars.map((bar) => bar.value),
    unit,
    factor
  )
  return intervalBarPanel(
    title,
    `${label}, ${scale.unit}`,
    bars.map(({ type, rows, value, isDoubtful }) => ({
      name: `${type}\n(${rows})`,
      figure: { value: value * scale.factor, low: null, high: null, isDoubtful },
      color: colorOf(type)
    }))
  )
}

/** Figures 6 and 10: KL and quality loss of the main ablation by type: the mean of the layers, whiskers to the extremes. */
export function impactByType(title: string, merged: readonly MergedRow[]): Figure {
  const change = mainChange(merged)
  const rows = merged.filter((row) => row.change === change)
  const panel = (name: string, label: string, read: (row: MergedRow) => number | null): Panel => {
    const bars = layerTypes.flatMap((type) => {
      const values = rows
        .filter((row) => row.type === type)
        .map(read)
        .filter((value) => value !== null)
      if (values.length === 0) return []
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      const figure: IntervalValue =
        values.length < 2
          ? { value: mean, low: null, high: null }
          : { value: mean, low: Math.min(...values), high: Math.max(...values) }
      return [{ name: `${type}\n(${values.length})`, figure, color: colorOf(type) }]
    })
    return bars.length === 0 ? emptyPanel(name, 'No layer was ablated.') : intervalBarPanel(name, label, bars)
  }
  const loss = rows.some((row) => row.mcNemarP !== null)
    ? 'accuracy lost, 0..1'
    : 'ln of the perplexity ratio'
  const figure = figureOf('prediction_impact_by_type', [
    panel(
      `${title}: KL, ${change ?? 'no'} ablation`,
      'KL(original || ablated), nats',
      (row) => row.klNats.value
    ),
    panel('Loss of quality', loss, (row) => row.qualityLoss)
  ])
  const meaning =
    'Bars are means over the layers of a type (their number), whiskers reach from the least to the largest layer.'
  return withCaption(figure, rows.length === 0 ? [] : [meaning])
}

/** Figures 7 and 11: energy (or time) against impact, a point per layer. */
export function energyImpactScatter(
  title: string,
  merged: readonly MergedRow[],
  evidence: readonly string[]
): Figure {
  const change = mainChange(merged)
  const all = merged.filter((row) => row.change === change)
  const { cost } = mainCost(all)
  const rows = all.filter((row) => row[cost].value !== null && row.klNats.value !== null)
  if (rows.length === 0) {
    return figureOf('energy_vs_impact_scatter', [emptyPanel(title, 'No layer has both cost and impact.')])
  }
  const isTime = cost === 'timeUs'
  const scale = scaleOf(
    rows.map((row) => row[cost].value),
    isTime ? 's' : 'J',
    isTime ? 1e-6 : 1
  )
  const groups = layerTypes
    .map((type) => ({
      name: type,
      color: colorOf(type),
      points: rows
        .filter((row) => row.type === type)
        .map((row) => ({
          name: rows.length <= 16 ? row.layer : '',
          x: drawnValue(row[cost], scale)!,
          y: drawnValue(row.klNats, { unit: '', factor: 1 })!
        }))
    }))
    .filter((group) => group.points.length > 0)
  const figure = figureOf('energy_vs_impact_scatter', [
    labelledPointsPanel(
      `${title}: ${isTime ? 'time' : 'energy'} against impact`,
      { label: `${costWords[cost].toLowerCase()}, ${scale.unit}` },
      { label: 'KL(original || ablated), nats' },
      groups
    )
  ])
  return withCaption(figure, evidence)
}

/** Figures 8 and 12: Pearson above, Spearman beside it, with p in every cell. */
export function impactCorrelationMatrix(title: string, merged: readonly MergedRow[]): Figure {
  const change = mainChange(merged)
  const rows = merged.filter((row) => row.change === change)
  const { names, pairs } = correlationMatrix(rows)
  if (names.length < 2) {
    return figureOf('energy_impact_correlation_matrix', [
      emptyPanel(title, 'Fewer than three layers have two figures.')
    ])
  }
  const panel = (name: string, kind: 'pearson' | 'spearman'): Panel =>
    correlationPanel(
      name,
      names,
      names.flatMap((a, row) =>
        names.map((b, column) => {
          if (row === column) return { row, column, value: 1, note: '' }
          const pair = pairs.find((one) => (one.a === a && one.b === b) || (one.a === b && one.b === a))!
          const p = pair[`${kind}P`]
          return {
            row,
            column,
            value: pair[kind],
            note: p === null ? '' : p < 0.001 ? 'p<.001' : `p=${p.toFixed(3)}`
          }
        })
      )
    )
  const n = Math.max(...pairs.map((pair) => pair.n))
  return figureOf('energy_impact_correlation_matrix', [
    panel(`${title}: Pearson, ${change} ablation, n <= ${n}`, 'pearson'),
    panel('Spearman', 'spearman')
  ])
}
