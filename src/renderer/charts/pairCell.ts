/** One field of the heat map of activation bits x weight bits. */
export interface PairCell {
  activationBits: number
  weightBits: number
  /** Median cost. */
  value: number
  /** Samples behind it. */
  samples: number
}
