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

/** Pairs of fewer bits that cost more than 5 % above w8a8, the dearest first, with their factor; none without w8a8. */
export function dearerThanEightBits(cells: readonly PairCell[]): { pair: string; factor: number }[] {
  const eight = cells.find(({ activationBits, weightBits }) => activationBits === 8 && weightBits === 8)
  if (eight === undefined || eight.value <= 0) return []
  return cells
    .map(({ activationBits, weightBits, value }) => ({
      pair: `w${weightBits}a${activationBits}`,
      factor: value / eight.value
    }))
    .filter(({ factor }) => factor > 1.05)
    .sort((one, other) => other.factor - one.factor)
}
