import { formatPercentValue } from '../../../shared/units'
import type { LatencyErrors } from '../../../core/estimator/fit/errors'
import type { EvaluationResults } from '../../../core/estimator/fit/report'

/** Table of errors and the verdicts, for a person. */
export function errorLines(results: EvaluationResults): string[] {
  const rows: [string, LatencyErrors | null][] = [
    ...Object.entries(results.stages).map(([name, errors]): [string, LatencyErrors] => [
      name === 'decode' ? 'decode total' : name,
      errors
    ]),
    ['decode per token', results.decodePerToken],
    ['total', results.total]
  ]
  const width = 2 + Math.max(20, ...rows.map(([name]) => name.length))
  const cells = (values: readonly string[]): string =>
    values.map((value, at) => (at === 0 ? value.padEnd(width) : value.padStart(10))).join('')
  return [
    cells(['', 'MAE ms', 'RMSE ms', 'MAPE %', 'R2', 'P95 ms', 'rel. %']),
    ...rows.flatMap(([name, errors]) =>
      errors === null
        ? []
        : [
            cells([
              name,
              errors.maeMs.toFixed(3),
              errors.rmseMs.toFixed(3),
              errors.mape.toFixed(2),
              errors.r2?.toFixed(4) ?? '-',
              errors.p95Ms.toFixed(3),
              errors.relative.toFixed(2)
            ])
          ]
    ),
    ...results.verdicts.map(
      ({ what, relative, verdict }) =>
        `${what}: relative error ${formatPercentValue(relative, 2)}, ${verdict}`
    )
  ]
}
