import type { FittedProxy } from '../../core/proxy/fit/detail'
import { barPanel, curvePanel, figureOf, pointsPanel, rankPanel, scatterPanel } from '../figures/charts'
import type { Figure } from '../figures/renderFigure'

/** Figures of a proxy's report, in its order. */
export function proxyFigures(fitted: FittedProxy): Figure[] {
  const figures = [errors(fitted), predictedMeasured(fitted), residuals(fitted)]
  if (fitted.learningCurve.length > 0) figures.push(learningCurve(fitted))
  if (fitted.importance.length > 0) figures.push(importance(fitted))
  return figures
}

function errors({ splits }: FittedProxy): Figure {
  const bars = [
    { name: 'training', value: splits.train?.mape },
    { name: 'random fold', value: splits.random?.mape },
    { name: 'unseen shape', value: splits.shape?.mape }
  ].filter((bar): bar is { name: string; value: number } => bar.value !== undefined)
  return figureOf('errors', [
    barPanel(
      'Error by split',
      'MAPE, %',
      bars.map((bar) => bar.name),
      [{ name: 'MAPE', values: bars.map((bar) => bar.value) }]
    )
  ])
}

/** Coloured by the wider of the two bit widths, with interval bars. */
function predictedMeasured({ points, proxy }: FittedProxy): Figure {
  const bitsOf = (point: FittedProxy['points'][number]): number =>
    Math.max(point.activationBits, point.weightBits)
  const bits = [...new Set(points.map(bitsOf))].sort((a, b) => a - b)
  const series = bits.map((value) => {
    const members = points.filter((point) => bitsOf(point) === value)
    return {
      name: value === 0 ? 'no bit widths' : `up to ${value} bits`,
      points: members.map((point) => [point.measured, point.predicted] as const),
      bars: members.map((point) => [point.low, point.high] as const)
    }
  })
  return figureOf('predicted-measured', [
    scatterPanel('Predicted against measured, shapes held out', proxy.unit, series)
  ])
}

function residuals({ points }: FittedProxy): Figure {
  const errorsOf = points.map(
    (point) => [point.macs, (100 * (point.predicted - point.measured)) / point.measured] as const
  )
  return figureOf('residuals', [
    pointsPanel(
      'Error against size, shapes held out',
      { label: 'MACs', log: points.every((point) => point.macs > 0) },
      { label: 'error, %' },
      [{ name: 'layer', points: errorsOf }],
      true
    )
  ])
}

function learningCurve(fitted: FittedProxy): Figure {
  const points = fitted.learningCurve.map(({ shapes, mape, deviation }) => ({
    x: shapes,
    y: mape,
    deviation
  }))
  return figureOf('learning-curve', [
    curvePanel(
      'Error on unseen shapes against shapes measured',
      { label: 'layer shapes measured', log: true },
      { label: 'MAPE, %', log: true },
      [{ name: 'unseen shape', points }]
    )
  ])
}

function importance(fitted: FittedProxy): Figure {
  const bars = fitted.importance
    .slice(0, 8)
    .map(({ feature, share }) => ({ name: feature, value: 100 * share }))
  return figureOf('importance', [rankPanel('Feature importance', 'share of gain, %', bars)])
}
