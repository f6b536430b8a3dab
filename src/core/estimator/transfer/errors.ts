import { quantile } from '../../math/quantile'
import { metricsOf } from '../../regression/metrics'
import { totalMs } from '../samples/stageTable'

/** Errors of transferred stage times against measured ones. Percentages are percent, times ms. */
export interface TransferErrors {
  /** Mean absolute percentage error of the sum of a configuration's stages. */
  totalMape: number
  /** The same over single stages of all configurations. */
  operatorMape: number
  totalMaeMs: number
  /** 95th percentile of the absolute error of totals. */
  totalP95Ms: number
  perOperator: Readonly<Record<string, number>>
}

/**
 * @param predicted per stage, one value per row judged
 * @param measured per stage, by row of the table; NaN where absent
 */
export function transferErrors(
  predicted: readonly Float64Array[],
  measured: readonly Float64Array[],
  rows: Int32Array,
  stages: readonly string[]
): TransferErrors {
  const perOperator: Record<string, number> = {}
  let percentSum = 0
  let entries = 0
  stages.forEach((stage, at) => {
    const known = Array.from(rows.keys()).filter((i) => !Number.isNaN(measured[at][rows[i]]))
    if (known.length === 0) return
    const percent = known.map((i) => 100 * Math.abs(predicted[at][i] / measured[at][rows[i]] - 1))
    const sum = percent.reduce((total, value) => total + value, 0)
    perOperator[stage] = sum / known.length
    percentSum += sum
    entries += known.length
  })
  const totals = Float64Array.from(rows, (row) => totalMs(measured, row))
  const sums = Float64Array.from(rows, (row, i) =>
    predicted.reduce((sum, times, at) => sum + (Number.isNaN(measured[at][row]) ? 0 : times[i]), 0)
  )
  const { mape, mae } = metricsOf(sums, totals)
  const absolute = sums.map((sum, i) => Math.abs(sum - totals[i])).sort()
  return {
    totalMape: mape,
    operatorMape: percentSum / entries,
    totalMaeMs: mae,
    totalP95Ms: quantile(absolute, 0.95),
    perOperator
  }
}

/** Means of several draws. */
export function meanErrors(draws: readonly TransferErrors[]): TransferErrors {
  const mean = (read: (errors: TransferErrors) => number | undefined): number => {
    const values = draws.map(read).filter((value): value is number => value !== undefined)
    return values.reduce((sum, value) => sum + value, 0) / values.length
  }
  const operators = [...new Set(draws.flatMap((draw) => Object.keys(draw.perOperator)))]
  return {
    totalMape: mean((draw) => draw.totalMape),
    operatorMape: mean((draw) => draw.operatorMape),
    totalMaeMs: mean((draw) => draw.totalMaeMs),
    totalP95Ms: mean((draw) => draw.totalP95Ms),
    perOperator: Object.fromEntries(operators.map((name) => [name, mean((draw) => draw.perOperator[name])]))
  }
}
