import type { Part } from './receiver'

/** Modem lines (true: asserted, which is low at the pin of a TTL adapter), and how long they stay, ms. */
export interface LineStep {
  readonly dtr: boolean
  readonly rts: boolean
  readonly holdMs: number
}

/** Sets modem lines step by step; on links without modem lines nothing happens. */
export function* setLines(steps: readonly LineStep[]): Part<void> {
  for (const { dtr, rts, holdMs } of steps) {
    yield { kind: 'setSignals', dtr, rts }
    if (holdMs > 0) yield { kind: 'pause', durationMs: holdMs }
  }
}
