/** Column-major numbers: columns[feature][row]. */
export interface FeatureMatrix {
  readonly names: readonly string[]
  readonly columns: readonly Float64Array[]
  readonly count: number
}
