/** A transfer fitted on some target rows. */
export interface FittedTransfer {
  /** Milliseconds per stage and requested row; NaN where the configuration has no such stage. */
  predict(rows: Int32Array): Float64Array[]
  /** The same method on other target rows, hyperparameters kept: what leaving rows out needs. */
  refit(rows: Int32Array): FittedTransfer
}
