import { deviation, mean } from '../math/mean'

/** Column-major numbers: columns[feature][row]. */
export interface FeatureMatrix {
  readonly names: readonly string[]
  readonly columns: readonly Float64Array[]
  readonly count: number
}

/** Mean and inverse deviation per column. */
export interface Standardisation {
  mean: Float64Array
  /** 0 for a constant column. */
  scale: Float64Array
}

/**
 * Mean and inverse standard deviation (divided by the number of rows) per column. A column counts as constant where its
 * deviation is at most 1e-12 of its mean's amount: rounding alone gives a constant one about 1e-16 of it.
 */
export function standardisation({ columns }: FeatureMatrix): Standardisation {
  const means = Float64Array.from(columns, (column) => mean(column))
  const scale = Float64Array.from(columns, (column, at) => {
    const spread = deviation(column)
    return spread > 1e-12 * Math.abs(means[at]) ? 1 / spread : 0
  })
  return { mean: means, scale }
}

/** Standardised values of these rows (all of them by default): [rows x features], row by row. */
export function standardised(
  { columns, count }: FeatureMatrix,
  { mean, scale }: Standardisation,
  rows?: Int32Array
): Float64Array {
  const size = rows?.length ?? count
  const points = new Float64Array(size * columns.length)
  columns.forEach((column, feature) => {
    for (let at = 0; at < size; at++) {
      const value = column[rows === undefined ? at : rows[at]]
      points[at * columns.length + feature] = (value - mean[feature]) * scale[feature]
    }
  })
  return points
}
