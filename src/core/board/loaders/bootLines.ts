import type { BoardDescription } from '@shared/contract/board/boardDescription'
import { type LineStep, setLines } from './lineSteps'
import type { Part } from './receiver'

/** How modem lines lead to NRST and BOOT0 of a chip whose ROM writes flash; none: both are set by hand. */
export type ResetLines = BoardDescription['resetLines']

/**
 * `enter`: a reset with BOOT0 high; `leave`: BOOT0 low without a reset. One line straight to NRST and the other straight to BOOT0, or both over two
 * transistors, as on boards with a CH340: BOOT0 high while RTS is asserted, NRST low while RTS is asserted and DTR is not.
 */
const sequences: Readonly<
  Record<Exclude<ResetLines, 'none'>, { enter: readonly LineStep[]; leave: readonly LineStep[] }>
> = {
  dtr: {
    enter: [
      { dtr: true, rts: false, holdMs: 100 },
      { dtr: false, rts: false, holdMs: 100 }
    ],
    leave: [{ dtr: false, rts: true, holdMs: 10 }]
  },
  rts: {
    enter: [
      { dtr: false, rts: true, holdMs: 100 },
      { dtr: false, rts: false, holdMs: 100 }
    ],
    leave: [{ dtr: true, rts: false, holdMs: 10 }]
  },
  dtrRts: {
    enter: [
      { dtr: false, rts: true, holdMs: 100 },
      { dtr: true, rts: true, holdMs: 100 }
    ],
    // Both at once would pass through a reset.
    leave: [
      { dtr: true, rts: false, holdMs: 10 },
      { dtr: false, rts: false, holdMs: 0 }
    ]
  }
}

/** Takes a chip into the loader of its ROM, or lets the next reset start its flash; on links without modem lines nothing happens. */
export function* setBootLines(lines: ResetLines, way: 'enter' | 'leave'): Part<void> {
  if (lines !== 'none') yield* setLines(sequences[lines][way])
}
