import { type LineStep, setLines } from './lineSteps'
import type { Part } from './receiver'

/** Ways of getting a chip into its download mode by the modem lines. `none`: it is there already. */
export const espResetNames = ['none', 'classic', 'usbJtag'] as const
/** Name of a way into download mode. */
export type EspResetName = (typeof espResetNames)[number]

/**
 * On boards with a UART bridge two transistors lead RTS to EN (low: reset) and DTR to IO0 (low at the end of reset: download), each
 * only while the other is not asserted. The peripheral USB-Serial-JTAG in the chip reads the same lines, and must not see both
 * released between reset and its end.
 */
const espResets: Readonly<Record<EspResetName, readonly LineStep[]>> = {
  none: [],
  classic: [
    { dtr: false, rts: true, holdMs: 100 },
    { dtr: true, rts: false, holdMs: 50 },
    { dtr: false, rts: false, holdMs: 0 }
  ],
  usbJtag: [
    { dtr: false, rts: false, holdMs: 100 },
    { dtr: true, rts: false, holdMs: 100 },
    { dtr: true, rts: true, holdMs: 0 },
    { dtr: false, rts: true, holdMs: 100 },
    { dtr: false, rts: false, holdMs: 0 }
  ]
}

/** Takes the chip through a reset into its download mode; on links without modem lines nothing happens. */
export function espReset(name: EspResetName): Part<void> {
  return setLines(espResets[name])
}
