import { relativeNnls } from '../../math/nnls'
import { workColumns } from '../features'
import { joinSamples, type ShapeRows } from '../samples'
import type { Estimator, LatencyModel, ModelJson } from './estimator'

type LinearJson = Extract<ModelJson, { kind: 'linear' }>

/**
 * What the field uses to begin with: time = a BOPs + b, and time = a BMACs + b WLoads + c ALoads + d (CBOPs of MiCo,
 * arXiv 2508.09500), coefficients non-negative, least squares of the relative error.
 */
export const bopsLinear: Estimator = linearEstimator('bops', 'BOPs, linear')
/** The second of them: CBOPs. */
export const cbopsLinear: Estimator = linearEstimator('cbops', 'CBOPs, linear and non-negative')

function linearEstimator(terms: LinearJson['terms'], title: string): Estimator {
  return {
    name: `${terms}Linear`,
    title,
    fit(samples, { extra }) {
      const all = extra === undefined ? samples : joinSamples([samples, extra])
      return linearModel({
        kind: 'linear',
        terms,
        coefficients: Array.from(relativeNnls(columnsOf(all, terms), all.time))
      })
    }
  }
}

/** Returns the model of stored coefficients on BOPs or CBOPs. */
export function linearModel(json: LinearJson): LatencyModel {
  return {
    description: json.terms === 'bops' ? 'BOPs, linear' : 'CBOPs, linear and non-negative',
    predict(rows) {
      const columns = columnsOf(rows, json.terms)
      const predicted = new Float64Array(rows.count)
      columns.forEach((column, term) => {
        for (let row = 0; row < rows.count; row++) predicted[row] += json.coefficients[term] * column[row]
      })
      return predicted.map((time) => Math.max(1, time))
    },
    toJSON: () => json
  }
}

function columnsOf(rows: ShapeRows, terms: LinearJson['terms']): Float64Array[] {
  const { macs } = workColumns(rows)
  const { activationBits, weightBits } = rows
  const one = new Float64Array(rows.count).fill(1)
  // Operators without bit widths count their visits alone.
  const qa = activationBits.map((bits) => Math.max(bits, 1))
  const qw = weightBits.map((bits) => Math.max(bits, 1))
  if (terms === 'bops') return [macs.map((value, row) => value * qa[row] * qw[row]), one]
  return [
    macs.map((value, row) => value * Math.max(qa[row], qw[row])),
    macs.map((value, row) => value * qw[row]),
    macs.map((value, row) => value * qa[row]),
    one
  ]
}
