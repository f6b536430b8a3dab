import { describe, expect, it } from 'vitest'
import type { ResetLines } from '@core/board/loaders/bootLines'
import { stmLoad } from '@core/board/loaders/stm'
import { wchLoad } from '@core/board/loaders/wch'
import type { FlashRom } from '@core/sim/roms/flashRomLine'
import { StmRomModel } from '@core/sim/roms/stmRomModel'
import { WchRomModel } from '@core/sim/roms/wchRomModel'
import { type PeerLine, runDialogue, type TimedPeer } from '../../../../support/dialogue'

interface Levels {
  nrst: boolean
  boot0: boolean
}
type Wiring = Exclude<ResetLines, 'none'>

/** Levels at the chip by the schematics: asserted is low at the adapter's pin; an NPN pulls NRST, a PNP lifts BOOT0. */
const circuits: Record<Wiring, (dtrPin: boolean, rtsPin: boolean) => Levels> = {
  dtr: (dtrPin, rtsPin) => ({ nrst: dtrPin, boot0: rtsPin }),
  rts: (dtrPin, rtsPin) => ({ nrst: rtsPin, boot0: dtrPin }),
  dtrRts: (dtrPin, rtsPin) => ({ nrst: !(dtrPin && !rtsPin), boot0: !rtsPin })
}

/** A chip on an adapter: its ROM hears only after a reset that ended with BOOT0 high. */
class WiredChip implements TimedPeer {
  resets = 0
  levels: Levels
  private isInRom = false

  constructor(
    readonly rom: FlashRom,
    private readonly wiring: Wiring
  ) {
    this.levels = circuits[wiring](true, true)
  }

  setSignals({ dtr, rts }: { dtr: boolean; rts: boolean }): void {
    const before = this.levels
    this.levels = circuits[this.wiring](!dtr, !rts)
    if (before.nrst || !this.levels.nrst) return
    this.resets++
    this.isInRom = this.levels.boot0
  }

  hear(bytes: Uint8Array, atMs: number, line: PeerLine): void {
    if (this.isInRom) this.rom.hear(bytes, atMs, line)
  }
}

const base = 0x0800_0000
const bytes = Uint8Array.from({ length: 700 }, (_, at) => (at * 37) & 0xff)
const segments = [{ address: base, bytes }]
const stm = (resetLines?: ResetLines) =>
  stmLoad({
    segments,
    entry: base,
    flash: { base, sizeBytes: 128 << 10 },
    promptTimeoutMs: 1_000,
    ...(resetLines && { resetLines })
  })
const wch = (resetLines?: ResetLines) =>
  wchLoad({
    segments,
    start: true,
    flash: { base, sizeBytes: 256 << 10 },
    promptTimeoutMs: 1_000,
    ...(resetLines && { resetLines })
  })

describe.each(['dtr', 'rts', 'dtrRts'] as const)(
  'a chip whose NRST and BOOT0 are wired as "%s"',
  (wiring) => {
    it.each([
      ['stm', stm, () => new StmRomModel()],
      ['wch', wch, () => new WchRomModel()]
    ] as const)('is taken into its ROM by one reset and left with BOOT0 low, over %s', (_, load, makeRom) => {
      const chip = new WiredChip(makeRom(), wiring)
      const { error } = runDialogue<unknown>(load(wiring), chip)
      expect(error).toBeUndefined()
      expect([...chip.rom.flash.subarray(0, bytes.length)]).toEqual([...bytes])
      expect(chip.rom.hasLeft).toBe(true)
      expect(chip.resets).toBe(1)
      expect(chip.levels).toEqual({ nrst: true, boot0: false })
    })

    it('is not reached without them, and BOOT0 is low again after a failure', () => {
      const deaf = new WiredChip(new StmRomModel(), wiring)
      expect(runDialogue<unknown>(stm(), deaf).error).toMatchObject({ code: 'loader.noPrompt' })
      const guarded = new WiredChip(new StmRomModel({ isProtected: true }), wiring)
      expect(runDialogue<unknown>(stm(wiring), guarded).error).toMatchObject({ code: 'loader.rejected' })
      const closed = new WiredChip(new WchRomModel({ readProtection: 0 }), wiring)
      expect(runDialogue<unknown>(wch(wiring), closed).error).toMatchObject({ code: 'loader.rejected' })
      for (const { levels, resets } of [guarded, closed]) {
        expect(levels).toEqual({ nrst: true, boot0: false })
        expect(resets).toBe(1)
      }
    })
  }
)
