import type { PublishedDataSet } from '../../core/proxy/report/publishedSets'
import type { MeasuredTableRow, PublishedPoint } from '../../core/proxy/report/publishedTable'
import { barPanel, figureOf, scatterPanel, type PointSeries } from '../figures/charts'
import type { Figure } from '../figures/renderFigure'

/** A row of the table with the points behind it. */
export interface PublishedResult extends PublishedDataSet, MeasuredTableRow {
  readonly unit: string
  readonly points: readonly PublishedPoint[]
}

/** The figures of the published document: predicted against measured per data set, and bars of all errors. */
export function publishedFigures(results: readonly PublishedResult[]): Figure[] {
  return [...results.map(scatterFigure), summaryFigure(results)]
}

/** Left as published (on the rows the proxy was fitted to), right on shapes it was not fitted to. */
function scatterFigure({ dataset, unit, points }: PublishedResult): Figure {
  const series = (predicted: (point: PublishedPoint) => number): PointSeries[] =>
    byPrecision(points, predicted)
  return figureOf(dataset.toLowerCase().replaceAll(' ', '-'), [
    scatterPanel(
      `${dataset}: fitted rows`,
      unit,
      series(({ fitted }) => fitted)
    ),
    scatterPanel(
      `${dataset}: unseen shapes`,
      unit,
      series(({ unseen }) => unseen)
    )
  ])
}

/** By the wider of the two widths: there may be 49 pairs, and there are eight colours. */
function byPrecision(
  points: readonly PublishedPoint[],
  predicted: (point: PublishedPoint) => number
): PointSeries[] {
  const widest = (point: PublishedPoint): number => Math.max(point.weightBits, point.activationBits)
  const widths = [...new Set(points.map(widest))].sort((a, b) => b - a)
  return widths.map((width) => ({
    name: width === 1 ? 'w1a1' : `up to ${width} bits`,
    points: points
      .filter((point) => widest(point) === width)
      .map((point) => [point.measured, predicted(point)] as const)
  }))
}

function summaryFigure(results: readonly PublishedResult[]): Figure {
  // Shortened and in two lines: all stand side by side below their bars, and a label that meets its neighbour is left out.
  const names = results.map(({ dataset }) => dataset.replace('MiCo ', '').replace(' ', '\n'))
  const bars = (name: string, of: (result: PublishedResult) => number) => ({ name, values: results.map(of) })
  return figureOf('summary', [
    barPanel('Training error, as published', 'MAPE, %', names, [
      bars('one stage, published', (row) => row.publishedOneStage),
      bars('one stage, here', (row) => row.oneStage.trainMape),
      bars('two stages, published', (row) => row.publishedTwoStage),
      bars('two stages, here', (row) => row.publishedRule.trainMape)
    ]),
    barPanel('Error on unseen shapes', 'MAPE, %', names, [
      bars('one stage', (row) => row.oneStage.unseenShapeMape),
      bars('two stages, published rule', (row) => row.publishedRule.unseenShapeMape),
      bars('two stages, by unseen shapes', (row) => row.twoStage.unseenShapeMape)
    ])
  ])
}
