import type { Genes } from './space'

/**
 * In which order the evaluations of a batch are started, as positions in it: each time the one of which most layers have to be
 * fitted, so that no worker begins a long one when the others have nothing left. A layer is fitted again where it or one before it
 * differs from all schemes that were evaluated, and from those of the batch that were started: two that begin alike are kept apart,
 * so that the second finds what the first has fitted.
 */
export function startOrder(batch: readonly Genes[], evaluated: readonly Genes[]): number[] {
  const known = batch.map((genes) => Math.max(0, ...evaluated.map((other) => sharedStart(genes, other))))
  const order: number[] = []
  const waiting = new Set(batch.keys())
  while (waiting.size > 0) {
    const next = [...waiting].reduce((best, at) => (known[at] < known[best] ? at : best))
    waiting.delete(next)
    order.push(next)
    for (const at of waiting) known[at] = Math.max(known[at], sharedStart(batch[at], batch[next]))
  }
  return order
}

/** How many genes two schemes begin with in common. */
function sharedStart(genes: Genes, others: Genes): number {
  let count = 0
  while (count < genes.length && genes[count] === others[count]) count++
  return count
}
