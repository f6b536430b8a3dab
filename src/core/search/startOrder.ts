import type { Genes } from './space'

/**
 * In which order the evaluations of a batch are started, as positions in it: first those of which most layers have to be
 * fitted, so that no worker begins a long one when the others have nothing left. A layer is fitted again where it or one
 * before it differs from all schemes that were evaluated.
 */
export function startOrder(batch: readonly Genes[], evaluated: readonly Genes[]): number[] {
  const known = batch.map((genes) => Math.max(0, ...evaluated.map((other) => sharedStart(genes, other))))
  return [...batch.keys()].sort((a, b) => known[a] - known[b] || a - b)
}

/** How many genes two schemes begin with in common. */
function sharedStart(genes: Genes, others: Genes): number {
  let count = 0
  while (count < genes.length && genes[count] === others[count]) count++
  return count
}
