import type { RunComparisonJson } from '@shared/contract/run/runComparison'
import { runLetter } from '@shared/text/runText'
import { fewDigits, formatAmount, formatBytes, formatPercent, unavailable } from '@shared/units'
import type { AxisSpec } from '../../charts/axes'
import type { TableColumn } from '../../components/table/tableColumn'

type Figure = RunComparisonJson['figures'][number]
type TextRow = RunComparisonJson['rows'][number]

const isShareUnit = (unit: string): boolean => unit === 'share' || unit === 'share of int8'

/** A figure as the column of its unit explains it: shares as percent, bytes with binary prefixes. */
export function figureText(value: number | null, unit: string): string {
  if (value === null) return unavailable
  if (isShareUnit(unit)) return formatPercent(value, 2)
  if (unit === 'bytes') return formatBytes(value)
  if (unit === 'loss') return value.toPrecision(4)
  return formatAmount(value, '').trim()
}

/** Ratios with as many digits as tell them from 1, three to six. */
function ratioTexts(ratios: readonly number[]): string[] {
  const nearest = Math.min(
    ...ratios.map((ratio) => Math.abs(ratio - 1)).filter((distance) => distance > 1e-9)
  )
  const digits = Number.isFinite(nearest) ? 2 - Math.floor(Math.log10(nearest)) : 3
  return ratios.map((ratio) => ratio.toPrecision(Math.min(6, Math.max(3, digits))))
}

/** A difference or ratio with its 95 % interval: "+1.2 [0.4, 2.0]", "+1.2" where nothing was repeated; null where there is none. */
export function againstText({ against, how, unit }: Figure, index: number): string | null {
  const one = against[index] ?? null
  if (one === null) return null
  const isShare = how === 'difference' && isShareUnit(unit)
  const figures = [one.value, ...(one.low === null || one.high === null ? [] : [one.low, one.high])]
  const [value = '', ...interval] =
    how === 'ratio' ? ratioTexts(figures) : figures.map((figure) => fewDigits((isShare ? 100 : 1) * figure))
  const sign = how === 'ratio' ? '× ' : one.value > 0 ? '+' : ''
  const between = interval.length === 0 ? '' : ` [${interval.join(', ')}]`
  return `${sign}${value}${between}${isShare ? ' points' : ''}`
}

/** True where the interval leaves out "no difference". */
export const isClear = ({ against, how }: Figure, index: number): boolean => {
  const one = against[index] ?? null
  const none = how === 'ratio' ? 1 : 0
  return one !== null && ((one.low ?? none) > none || (one.high ?? none) < none)
}

/** True where a run clearly differs from the first. */
export const clearlyDiffers = (figure: Figure): boolean =>
  figure.against.some((_, index) => isClear(figure, index))

/** True where not all runs have the same text. */
export const textsDiffer = ({ cells }: TextRow): boolean => new Set(cells).size > 1

/** A column per run, with what it differs from the first below it. */
export function figureColumns(runs: number): TableColumn<Figure>[] {
  return [
    { title: 'Figure', text: ({ name }) => name },
    { title: 'Unit', text: ({ unit }) => unit },
    ...Array.from({ length: runs }, (_, index): TableColumn<Figure> => ({
      title: runLetter(index),
      text: ({ values, unit }) => figureText(values[index] ?? null, unit),
      value: ({ values }) => values[index] ?? null,
      note: (figure) => againstText(figure, index),
      align: 'right'
    })),
    // Beyond the first, the intervals as columns of a CSV.
    ...Array.from({ length: runs - 1 }, (_, at) =>
      (['value', 'low', 'high'] as const).map((part): TableColumn<Figure> => {
        const of = ({ against }: Figure): number | null => against[at + 1]?.[part] ?? null
        const name = part === 'value' ? 'against A' : `against A, ${part}`
        return {
          title: `${runLetter(at + 1)} ${name}`,
          hidden: true,
          text: (figure) => (of(figure) === null ? unavailable : String(of(figure))),
          value: of,
          align: 'right'
        }
      })
    ).flat()
  ]
}

/** A column per run of texts by layer or property. */
export function textColumns(runs: number): TableColumn<TextRow>[] {
  return [
    { title: 'Layer or property', text: ({ name }) => name },
    ...Array.from({ length: runs }, (_, index): TableColumn<TextRow> => ({
      title: runLetter(index),
      text: ({ cells }) => cells[index] || unavailable
    })),
    { title: 'Same', text: (row) => (textsDiffer(row) ? 'no' : 'yes') }
  ]
}

/** A line of a chart. */
interface RunCurve {
  name: string
  points: { x: number; y: number }[]
  step: boolean
}

/** A chart of the comparison. */
export interface ComparisonChart {
  readonly name: string
  readonly x: AxisSpec
  readonly y: AxisSpec
  readonly curves: RunCurve[]
}

const lossAxis: AxisSpec = { name: 'loss', format: fewDigits }
const axesOf = (name: string): Pick<ComparisonChart, 'x' | 'y'> => {
  if (name === 'front') return { x: { name: 'cost, share of int8' }, y: lossAxis }
  if (name === 'best so far') return { x: { name: 'evaluation' }, y: lossAxis }
  if (name === 'best so far over time') return { x: { name: 'time of evaluating, s', min: 0 }, y: lossAxis }
  if (name === 'held-out loss of the training') return { x: { name: 'epoch' }, y: lossAxis }
  return { x: { name: 'time since the first phase, s' }, y: { name: 'power, W' } }
}

/** One chart per name of a curve, with a line per run; gaps are left out. */
export function comparisonCharts({ curves }: Pick<RunComparisonJson, 'curves'>): ComparisonChart[] {
  return [...new Set(curves.map(({ name }) => name))].map((name) => ({
    ...{ name, ...axesOf(name) },
    curves: curves
      .filter((curve) => curve.name === name)
      .map(({ run, x, y }) => ({
        name: runLetter(run),
        step: name.startsWith('best so far'),
        points: x.flatMap((at, index) => {
          const value = y[index] ?? null
          return value === null ? [] : [{ x: at, y: value }]
        })
      }))
  }))
}
