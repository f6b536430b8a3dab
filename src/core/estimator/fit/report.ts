import { AppError } from '../../../shared/errors'
import { totalMs, type StageTable } from '../samples/stageTable'
import { latencyErrors, type LatencyErrors } from './errors'
import { predictTable, type LatencyEstimator } from './estimator'
import { configurationNames } from './split'

/** Errors of one configuration of knobs: mean absolute in ms, relative in percent. */
export interface ConfigurationErrors {
  configuration: string
  samples: number
  prefillMaeMs: number | null
  decodeMaeMs: number | null
  totalMaeMs: number
  totalMape: number
}

/** Everything an evaluation says, with the definition of every figure. */
export interface EvaluationResults {
  /** Errors of every stage, of decode per token and of the total. */
  stages: Record<string, LatencyErrors>
  decodePerToken: LatencyErrors | null
  total: LatencyErrors
  /** Verdicts by relative error (MAE / mean) with their thresholds in percent. */
  verdicts: { what: string; relative: number; thresholds: Record<string, number>; verdict: string }[]
  perConfiguration: ConfigurationErrors[]
  definitions: Record<string, string>
}

/** Predicted and measured times of every row: what figures are drawn from. */
export interface EvaluatedRows {
  configurations: string[]
  predicted: Float64Array[]
  predictedTotal: Float64Array
  measuredTotal: Float64Array
}

/**
 * Predicts every row of a table beside what was measured, ms; stages in the order of the table. A stage that was not measured in a
 * row counts in neither total.
 * @throws data.invalid when the table has other stages than the estimator
 */
export function evaluateRows(estimator: LatencyEstimator, table: StageTable): EvaluatedRows {
  requireSameStages(estimator, table)
  const all = predictTable(estimator, table)
  const predicted = table.stages.map((stage, at) =>
    all[estimator.stages.indexOf(stage)].map((time, row) => (Number.isNaN(table.times[at][row]) ? NaN : time))
  )
  const sum = (times: readonly Float64Array[]): Float64Array =>
    Float64Array.from({ length: table.count }, (_, row) => totalMs(times, row))
  return {
    configurations: configurationNames(table),
    predicted,
    predictedTotal: sum(predicted),
    measuredTotal: sum(table.times)
  }
}

function requireSameStages({ stages }: LatencyEstimator, table: StageTable): void {
  const unknown = table.stages.filter((stage) => !stages.includes(stage))
  const missing = stages.filter((stage) => !table.stages.includes(stage))
  if (unknown.length === 0 && missing.length === 0) return
  throw new AppError(
    'data.invalid',
    unknown.length > 0
      ? `The samples have the stage ${unknown.join(', ')}, which the estimator was not trained on.`
      : `The samples have no ${missing.join(', ')}, which the estimator predicts.`,
    `Give samples with these stages: ${stages.join(', ')}.`
  )
}

/** Errors of an estimator on samples: the content of evaluation_results.json. */
export function evaluateEstimator(estimator: LatencyEstimator, table: StageTable): EvaluationResults {
  const rows = evaluateRows(estimator, table)
  const stages = Object.fromEntries(
    table.stages.map((stage, at) => [stage, latencyErrors(rows.predicted[at], table.times[at])])
  )
  const decodeAt = table.stages.indexOf('decode')
  const perToken =
    decodeAt < 0 || table.outputTokens.some(Number.isNaN)
      ? null
      : latencyErrors(
          rows.predicted[decodeAt].map((time, row) => time / table.outputTokens[row]),
          table.times[decodeAt].map((time, row) => time / table.outputTokens[row])
        )
  return {
    stages,
    decodePerToken: perToken,
    total: latencyErrors(rows.predictedTotal, rows.measuredTotal),
    verdicts: verdictsOf(stages),
    perConfiguration: perConfiguration(table, rows),
    definitions: {
      relative: 'MAE / mean of the measured times, percent',
      mape: 'mean of |predicted - measured| / measured, percent',
      p95Ms: '95th percentile of the absolute error',
      decode: 'sum over output tokens 1..outputTokens'
    }
  }
}

/** Thresholds of the document in percent: prefill 5; decode 20 in its table and 15 in its note, both stated. */
const prefillExcellent = 5
const decodeGood = { note: 15, table: 20 }

function verdictsOf(stages: Record<string, LatencyErrors>): EvaluationResults['verdicts'] {
  const verdicts: EvaluationResults['verdicts'] = []
  const { prefill, decode } = stages
  if (prefill !== undefined) {
    verdicts.push({
      what: 'prefill',
      relative: prefill.relative,
      thresholds: { excellent: prefillExcellent },
      verdict: prefill.relative < prefillExcellent ? 'excellent' : 'needs improvement'
    })
  }
  if (decode !== undefined) {
    const grade = (limit: number): string => (decode.relative < limit ? 'good' : 'acceptable')
    verdicts.push({
      what: 'decode total',
      relative: decode.relative,
      thresholds: { good15: decodeGood.note, good20: decodeGood.table },
      verdict: `${grade(decodeGood.note)} at ${decodeGood.note} %, ${grade(decodeGood.table)} at ${decodeGood.table} %`
    })
  }
  return verdicts
}

function perConfiguration(table: StageTable, rows: EvaluatedRows): ConfigurationErrors[] {
  const members = new Map<string, number[]>()
  rows.configurations.forEach((name, row) => {
    const list = members.get(name)
    if (list === undefined) members.set(name, [row])
    else list.push(row)
  })
  const pick = (values: Float64Array, list: readonly number[]): Float64Array =>
    Float64Array.from(list, (row) => values[row])
  return [...members]
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([configuration, list]) => {
      const mae = (stage: string): number | null => {
        const at = table.stages.indexOf(stage)
        if (at < 0) return null
        const { count, maeMs } = latencyErrors(pick(rows.predicted[at], list), pick(table.times[at], list))
        return count === 0 ? null : maeMs
      }
      const total = latencyErrors(pick(rows.predictedTotal, list), pick(rows.measuredTotal, list))
      return {
        configuration,
        samples: list.length,
        prefillMaeMs: mae('prefill'),
        decodeMaeMs: mae('decode'),
        totalMaeMs: total.maeMs,
        totalMape: total.mape
      }
    })
}
