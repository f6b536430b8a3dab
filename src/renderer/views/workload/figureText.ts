import type { MeasuredFigure, StartTemperature } from '@shared/contract/workload/workloadRows'
import type { TableColumn } from '../../components/table/tableColumn'
import { formatCount, formatDuration, unavailable } from '@shared/units'
import { startText } from '@shared/text/workloadText'

/** A figure's value as text; unavailable is a dash, never 0. */
export const valueOf = (figure: MeasuredFigure, format: (value: number) => string): string =>
  figure.value === null ? unavailable : format(figure.value)

/** Interval, count, and why it must not be quoted: what a pointer over the value shows. */
export function detailOf(
  { low, high, n, origin, reason }: MeasuredFigure,
  format: (value: number) => string
): string {
  const between = low === null || high === null ? 'no interval' : `${format(low)} to ${format(high)}`
  return `${between}, n = ${n}, ${origin}${reason === null ? '' : `. ${reason}`}`
}

/** Formats of a figure's unit: µs and J. */
export const microseconds = (value: number): string => formatDuration(value / 1000)
/** The same of J. */
export const joules = (value: number): string => formatCount(value, 'J')

/** What the energies of a table are called: those of a stand-in are marked. */
export function energyWord(rows: readonly { energyTotalJ: MeasuredFigure }[]): string {
  const isSimulated = rows.some(
    ({ energyTotalJ: { value, origin } }) => value !== null && origin === 'simulated'
  )
  return isSimulated ? 'SIMULATED energy' : 'energy'
}

/** Both ends of an interval; a unit that they share stands once: "3.9 … 4.1 ms". */
export function betweenText(low: string, high: string): string {
  const unit = / \S+$/.exec(high)?.[0] ?? ''
  const first = unit !== '' && low.endsWith(unit) ? low.slice(0, -unit.length) : low
  return `${first} … ${high}`
}

/** A column of figures with their intervals behind them; what must not be quoted is struck through. */
export function figureColumn<R>(
  title: string,
  unit: string,
  of: (row: R) => MeasuredFigure,
  format: (value: number) => string
): TableColumn<R> {
  return {
    ...{ title, align: 'right' },
    ...(unit === '' ? {} : { unit }),
    text: (row) => valueOf(of(row), format),
    value: (row) => of(row).value,
    detail: (row) => detailOf(of(row), format),
    invalid: (row) => of(row).verdict === 'INVALID',
    note: (row) => {
      const { low, high, verdict } = of(row)
      const between = low === null || high === null ? '' : betweenText(format(low), format(high))
      return [between, verdict === 'INVALID' ? 'INVALID' : ''].filter((part) => part !== '').join(' ')
    }
  }
}

/** The column of the temperatures that trials started at, °C; hidden where there is none, as without a GPU. */
export function startColumn<R extends { startC: StartTemperature | null }>(
  rows: readonly R[]
): TableColumn<R> {
  return {
    title: 'Started at',
    text: ({ startC }) => startText(startC),
    value: ({ startC }) => startC?.maxC ?? null,
    unit: '°C',
    hint: 'Temperatures of the GPU that the trials started at.',
    hidden: rows.every(({ startC }) => startC === null),
    align: 'right'
  }
}
