import type { Bits, Scheme } from '../quant/scheme'

/** What one layer width loses and saves when it alone is lowered, read from the probes of a search. */
export interface WidthReport {
  readonly layer: string
  readonly what: 'weight' | 'activation'
  /** The width it was lowered to; all else at 8 bits. */
  readonly bits: Bits
  /** Loss added to all-8-bit's. */
  readonly lossAdded: number
  /** Share of all-8-bit's cost that is saved; negative where fewer bits are dearer. */
  readonly costSaved: number
  /** Loss per percent of cost saved; null where nothing is saved. */
  readonly lossPerPercent: number | null
}

interface Evaluated {
  readonly scheme: Scheme
  readonly cost: number
  readonly loss: number
}

/**
 * One row for every candidate that differs from all-8-bit in exactly one width, cheapest loss per cost first: the widths
 * at the top are those a scheme should lower. Empty when the trace has no all-8-bit candidate or no such probes.
 */
export function widthReports(trace: readonly Evaluated[]): WidthReport[] {
  const base = trace.find(({ scheme }) =>
    scheme.every(({ weightBits, activationBits }) => weightBits === 8 && activationBits === 8)
  )
  if (base === undefined) return []
  const rows = trace.flatMap((candidate): WidthReport[] => {
    const lowered = candidate.scheme.flatMap(({ layer, weightBits, activationBits }) => [
      ...(weightBits < 8 ? [{ layer, what: 'weight' as const, bits: weightBits }] : []),
      ...(activationBits < 8 ? [{ layer, what: 'activation' as const, bits: activationBits }] : [])
    ])
    if (lowered.length !== 1) return []
    const lossAdded = candidate.loss - base.loss
    const costSaved = 1 - candidate.cost / base.cost
    const lossPerPercent = costSaved > 0 ? lossAdded / (100 * costSaved) : null
    return [{ ...lowered[0], lossAdded, costSaved, lossPerPercent }]
  })
  return rows.sort((a, b) => (a.lossPerPercent ?? Infinity) - (b.lossPerPercent ?? Infinity))
}
