/** One field of the heat map of activation bits x weight bits. */
export interface PairCell {
  activationBits: number
  weightBits: number
  /** Median cost. */
  value: number
  /** Samples behind it. */
  samples: number
}

/** Share of the accent behind a field, by the logarithm of its cost: 10 to 50 percent; with more, text is too faint. */
export function accentPercent({ value }: PairCell, cells: readonly PairCell[]): number {
  const costs = cells.map((cell) => Math.log(cell.value))
  const [low, high] = [Math.min(...costs), Math.max(...costs)]
  return high > low ? 10 + (40 * (Math.log(value) - low)) / (high - low) : 30
}
