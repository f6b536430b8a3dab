import type { Estimator, LatencyModel } from '../estimators/estimator'
import { estimatorByName } from '../estimators/registry'
import type { SampleTable, ShapeRows } from '../samples'

/** What the source device says of a layer: the measurement where there is one, else its proxy's prediction. */
export interface SourceModel {
  predict(rows: ShapeRows): Float64Array
}

/** `proxy` stands in where the source has not measured a row; fitted on the samples when not given. */
export function sourceModel(samples: SampleTable, seed: number, proxy?: LatencyModel): SourceModel {
  const measured = new Map<string, number>()
  for (let row = 0; row < samples.count; row++) measured.set(keyOf(samples, row), samples.time[row])
  let fitted = proxy
  const estimator: Estimator = estimatorByName('residual:physics+extraTrees')
  return {
    predict(rows) {
      const times = new Float64Array(rows.count)
      let missing = 0
      for (let row = 0; row < rows.count; row++) {
        times[row] = measured.get(keyOf(rows, row)) ?? NaN
        if (Number.isNaN(times[row])) missing++
      }
      if (missing === 0) return times
      fitted ??= estimator.fit(samples, { seed })
      const predicted = fitted.predict(rows)
      return times.map((time, row) => (Number.isNaN(time) ? predicted[row] : time))
    }
  }
}

/** Text that is equal for rows of equal shape and bits. */
export function keyOf(rows: ShapeRows, row: number): string {
  let key = `${rows.activationBits[row]},${rows.weightBits[row]}`
  for (const column of rows.dims) key += `,${column[row]}`
  return key
}
