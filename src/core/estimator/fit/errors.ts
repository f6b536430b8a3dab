import { quantile } from '../../math/quantile'
import { metricsOf } from '../../regression/metrics'

/** Errors of predicted times in ms; percentages are percent. */
export interface LatencyErrors {
  count: number
  maeMs: number
  rmseMs: number
  mape: number
  r2: number | null
  /** 95th percentile of the absolute error. */
  p95Ms: number
  /** MAE / mean of the measured times, percent: the documents' relative error. */
  relative: number
}

/** Rows where either is NaN are left out. */
export function latencyErrors(predicted: Float64Array, measured: Float64Array): LatencyErrors {
  const rows = Array.from(measured.keys()).filter(
    (row) => !Number.isNaN(measured[row]) && !Number.isNaN(predicted[row])
  )
  const [given, wanted] = [predicted, measured].map((values) => Float64Array.from(rows, (row) => values[row]))
  const { mape, r2, mae } = metricsOf(given, wanted)
  const absolute = given.map((value, at) => Math.abs(value - wanted[at]))
  const square = absolute.reduce((sum, value) => sum + value * value, 0) / rows.length
  const mean = wanted.reduce((sum, value) => sum + value, 0) / rows.length
  return {
    count: rows.length,
    maeMs: mae,
    rmseMs: Math.sqrt(square),
    mape,
    r2,
    p95Ms: quantile(absolute.sort(), 0.95),
    relative: (100 * mae) / mean
  }
}
