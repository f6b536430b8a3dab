import { formatPercent } from '../../../shared/units'
import type { Continuation, ContinuationStep } from './chatContinuation'

/** What the steps of all texts took together; the steps themselves are not kept. */
export interface ChatTotals {
  steps: number
  /** Steps whose token was not that of the host. */
  differing: number
  /** In the board's unit. */
  spent: number
  first: ContinuationStep | null
  last: ContinuationStep | null
  /** Cycles of the last step by part. */
  lastParts: Readonly<Record<string, number>>
}

/** Before the first text. */
export function emptyTotals(): ChatTotals {
  return { steps: 0, differing: 0, spent: 0, first: null, last: null, lastParts: {} }
}

/** Adds what one text took; `unit` is the board's. */
export function addTo(
  totals: ChatTotals,
  { steps, lastParts }: Continuation,
  unit: 'cycles' | 'instructions'
): void {
  for (const step of steps) {
    totals.steps++
    totals.differing += step.equal ? 0 : 1
    totals.spent += step[unit]
  }
  totals.first ??= steps[0] ?? null
  totals.last = steps.at(-1) ?? totals.last
  totals.lastParts = lastParts
}

/** What the steps took, and how they compare with the host. */
export function totalsText(
  { steps, differing, spent, first, last, lastParts }: ChatTotals,
  of: {
    clockHz: number | null
    unit: 'cycles' | 'instructions'
    origin: string
    blockBytes: number
    cacheBytes: number
  }
): string {
  if (first === null || last === null) return 'No text was given.'
  const mean = spent / steps
  const rate = of.clockHz === null ? '' : `, ${(of.clockHz / mean).toFixed(1)} tokens/s`
  const total = Object.values(lastParts).reduce((sum, value) => sum + value, 0)
  const shares = Object.entries(lastParts).map(
    ([name, value]) => `${name} ${formatPercent(value / Math.max(1, total))}`
  )
  return [
    '',
    `${steps} steps (${of.origin}): ${Math.round(mean)} ${of.unit} each${rate}; position ${first.position}: ${first[of.unit]}, position ${last.position}: ${last[of.unit]}`,
    ...(total > 0 ? [`last step by part: ${shares.join(', ')}`] : []),
    `memory: ${of.blockBytes} bytes, ${of.cacheBytes} of them cache`,
    differing === 0
      ? `Tokens equal to the host's integer reference: all ${steps}.`
      : `${differing} of ${steps} tokens DIFFER from the host's integer reference.`
  ].join('\n')
}
