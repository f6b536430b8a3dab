import { AppError } from '../../shared/errors'
import type { MeterTextUnits } from '../../shared/contract/meter'

/** Factors to ms, A and V. */
const timeFactors = { s: 1000, ms: 1, us: 0.001 } as const
const currentFactors = { a: 1, ma: 1e-3, ua: 1e-6, na: 1e-9 } as const
const voltageFactors = { v: 1, mv: 1e-3, uv: 1e-6 } as const

/** What the columns of a text meter are multiplied by to get ms, A and V, and their places in a line. */
export interface MeterColumns {
  readonly timeAt: number
  readonly currentAt: number
  /** -1 where lines have no voltage. */
  readonly voltageAt: number
  readonly toMs: number
  readonly toA: number
  readonly toV: number
}

/** Columns of lines without a header: time, current, voltage. */
export function columnsOfUnits(units: MeterTextUnits): MeterColumns {
  return {
    ...{ timeAt: 0, currentAt: 1, voltageAt: 2 },
    toMs: timeFactors[units.time],
    toA: currentFactors[units.current],
    toV: voltageFactors[units.voltage]
  }
}

const splitName = /^(.*?)(?:\s*[[(]\s*([a-zµμ]+)\s*[\])]|[_ ]([a-zµμ]+))?$/

/**
 * Columns as a header names them: `time_us,current_ma`, `Timestamp(ms),Current(uA)`, `t[s];i[A];v[V]`. A unit that the
 * header does not name is that of `units`.
 *
 * @returns null when no cell of the line is the name of a time or a current
 * @throws data.invalid for a header without one of the two, or with a unit that is not known
 */
export function columnsOfHeader(cells: readonly string[], units: MeterTextUnits): MeterColumns | null {
  const named = cells.map((cell) => {
    const [, name, bracket, suffix] = splitName.exec(cell.trim().toLowerCase().replaceAll('"', '')) ?? []
    return { name: (name ?? '').trim(), unit: (bracket ?? suffix)?.replace(/[µμ]/, 'u') }
  })
  const find = (pattern: RegExp): number => named.findIndex(({ name }) => pattern.test(name))
  const timeAt = find(/^(time|timestamp|t)$/)
  const currentAt = find(/^(current|i|amps?)$/)
  const voltageAt = find(/^(voltage|v|u|volts?)$/)
  if (timeAt < 0 && currentAt < 0) return null
  if (timeAt < 0 || currentAt < 0) {
    throw new AppError(
      'data.invalid',
      `The header "${cells.join(',').slice(0, 120)}" names no ${timeAt < 0 ? 'time' : 'current'}.`,
      'Name the columns time, current and voltage, each with its unit: time_us,current_ma,voltage_v.'
    )
  }
  const factor = <K extends string>(at: number, known: Readonly<Record<K, number>>, otherwise: K): number => {
    const unit = at < 0 ? undefined : named[at].unit
    if (unit === undefined) return known[otherwise]
    if (Object.hasOwn(known, unit)) return known[unit as K]
    throw new AppError(
      'data.invalid',
      `The unit "${unit}" of column "${cells[at]}" is not known.`,
      `Known are ${Object.keys(known).join(', ')}.`
    )
  }
  return {
    ...{ timeAt, currentAt, voltageAt },
    toMs: factor(timeAt, timeFactors, units.time),
    toA: factor<keyof typeof currentFactors>(currentAt, currentFactors, units.current),
    toV: factor<keyof typeof voltageFactors>(voltageAt, voltageFactors, units.voltage)
  }
}
