import { joinSamples, type ShapeRows } from '../samples'
import type { Estimator, LatencyModel, ModelJson } from './estimator'

type LookupJson = Extract<ModelJson, { kind: 'lookup' }>

/** How much further a doubling of a bit width is than a doubling of a dimension. */
const bitWeight = 2

/**
 * Nearest entry of a look-up table, distance over logarithms of dimensions and bit widths: what frameworks without a
 * model do. Here for comparison: exact on what was measured, elsewhere the time of the nearest entry.
 */
export const lookup: Estimator = {
  name: 'lookup',
  title: 'nearest entry of a look-up table',
  fit(samples, { extra }) {
    const all = extra === undefined ? samples : joinSamples([samples, extra])
    return lookupModel({
      kind: 'lookup',
      dims: all.dims.map((column) => Array.from(column)),
      activationBits: Array.from(all.activationBits),
      weightBits: Array.from(all.weightBits),
      time: Array.from(all.time)
    })
  }
}

/** Returns the model of a stored table: the time of the nearest entry. */
export function lookupModel(json: LookupJson): LatencyModel {
  const entries = json.time.length
  const table = coordinates({
    count: entries,
    dims: json.dims.map((column) => Float64Array.from(column)),
    activationBits: Float64Array.from(json.activationBits),
    weightBits: Float64Array.from(json.weightBits)
  })
  const width = json.dims.length + 2
  return {
    description: `nearest of ${entries} measured entries`,
    predict(rows) {
      const points = coordinates(rows)
      const predicted = new Float64Array(rows.count)
      for (let row = 0; row < rows.count; row++) {
        let nearest = 0
        let least = Infinity
        for (let entry = 0; entry < entries && least > 0; entry++) {
          let distance = 0
          for (let at = 0; at < width; at++)
            distance += (points[row * width + at] - table[entry * width + at]) ** 2
          if (distance < least) [least, nearest] = [distance, entry]
        }
        predicted[row] = json.time[nearest]
      }
      return predicted
    },
    toJSON: () => json
  }
}

function coordinates(
  rows: Pick<ShapeRows, 'count' | 'dims' | 'activationBits' | 'weightBits'>
): Float64Array {
  const width = rows.dims.length + 2
  const points = new Float64Array(rows.count * width)
  for (let row = 0; row < rows.count; row++) {
    rows.dims.forEach((column, at) => (points[row * width + at] = Math.log2(column[row])))
    points[row * width + width - 2] = bitWeight * Math.log2(Math.max(1, rows.activationBits[row]))
    points[row * width + width - 1] = bitWeight * Math.log2(Math.max(1, rows.weightBits[row]))
  }
  return points
}
