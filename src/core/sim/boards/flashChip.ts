import { concatBytes } from '../../binary/bytes'
import { flashChips, type FlashChipName, flashMap, flashOf } from '../../board/description/flashBoards'
import { createMachine } from '../createMachine'
import type { RunResult, TrapRecord, VirtualMachine } from '../machine'
import { StmRomModel } from '../roms/stmRomModel'
import { WchRomModel } from '../roms/wchRomModel'
import { flashBoard } from './flashBoard'

/** What whoever runs a board behind a line needs of it. */
export type RunningBoard = Pick<
  VirtualMachine,
  | 'config'
  | 'isa'
  | 'engine'
  | 'reset'
  | 'run'
  | 'uartPush'
  | 'uartTake'
  | 'advanceIdle'
  | 'isInBios'
  | 'cycles'
  | 'energyJ'
  | 'lastTrap'
> & {
  /** Sets modem lines (true: asserted); absent where none lead anywhere. */
  setSignals?(signals: { dtr?: boolean; rts?: boolean }): void
}

/** How the lines of the virtual chips are wired, as a description says it: DTR to NRST, RTS to BOOT0. */
export const flashChipLines = 'dtr'

/**
 * A microcontroller with the loader in its ROM (`src/core/sim/roms`): a reset with BOOT0 high starts that, one with BOOT0 low the program in flash.
 *
 * @param contents of flash, from its start; what is behind is erased
 * @param onWritten called with all of flash when the ROM has changed it and is left
 */
export function createFlashChip(
  chip: FlashChipName,
  contents: Uint8Array,
  onWritten: (flash: Uint8Array) => void
): RunningBoard {
  const { sizeBytes } = flashOf(chip)
  const flash = new Uint8Array(sizeBytes).fill(0xff)
  flash.set(contents.subarray(0, sizeBytes))
  return new FlashChip(chip, flash, onWritten)
}

class FlashChip implements RunningBoard {
  private readonly machine: VirtualMachine
  private rom: StmRomModel | WchRomModel | null = null
  private said: Uint8Array[] = []
  private lines = { dtr: false, rts: true }
  private isLockedUp = false
  readonly isInBios = false

  constructor(
    private readonly chip: FlashChipName,
    private flash: Uint8Array,
    private readonly onWritten: (flash: Uint8Array) => void
  ) {
    this.machine = createMachine({ board: flashBoard(chip) })
    this.machine.loadBinary(flashMap.flash, flash)
    this.machine.reset()
  }

  get config(): VirtualMachine['config'] {
    return this.machine.config
  }

  get isa(): string {
    return this.machine.isa
  }

  get engine(): VirtualMachine['engine'] {
    return this.machine.engine
  }

  get lastTrap(): TrapRecord | null {
    return this.machine.lastTrap
  }

  reset(): void {
    this.start(flashMap.flash)
  }

  run(maxInstructions: number): RunResult {
    if (this.isDeaf || this.rom !== null) return { reason: 'idle', executed: 0 }
    const ran = this.machine.run(maxInstructions)
    // A chip without a program waits for its next reset.
    this.isLockedUp = ran.reason === 'lockup'
    return this.isLockedUp ? { ...ran, reason: 'idle' } : ran
  }

  uartPush(bytes: Uint8Array): number {
    if (this.isDeaf) return bytes.length
    const { rom } = this
    if (rom === null) return this.machine.uartPush(bytes)
    rom.hear(bytes, 0, { send: (reply) => void this.said.push(reply) })
    if (rom.hasLeft) this.afterRom(rom)
    return bytes.length
  }

  uartTake(): Uint8Array {
    const fromRom = this.said.splice(0)
    return concatBytes([...fromRom, this.machine.uartTake()])
  }

  advanceIdle(cycles: number): void {
    this.machine.advanceIdle(cycles)
  }

  cycles(): number {
    return this.machine.cycles()
  }

  energyJ(): number {
    return this.machine.energyJ()
  }

  setSignals(signals: { dtr?: boolean; rts?: boolean }): void {
    const wasHeld = this.lines.dtr
    this.lines = { ...this.lines, ...signals }
    if (this.lines.dtr) this.leaveRom()
    else if (wasHeld) this.powerOn()
  }

  /** Held in its reset, or without a program. */
  private get isDeaf(): boolean {
    return this.lines.dtr || this.isLockedUp
  }

  /** BOOT0 is sampled as the reset ends. */
  private powerOn(): void {
    this.reset()
    if (this.lines.rts) return
    const { flashBytes, loader } = flashChips[this.chip]
    this.rom = loader === 'stm' ? new StmRomModel({ flashBytes }) : new WchRomModel({ flashBytes })
    this.rom.flash.set(this.flash)
  }

  private afterRom(rom: StmRomModel | WchRomModel): void {
    this.leaveRom()
    if (rom instanceof WchRomModel) return this.powerOn()
    this.start(rom.startedAt ?? flashMap.flash)
  }

  private start(address: number): void {
    this.isLockedUp = false
    this.machine.setEntry(address)
    this.machine.reset()
  }

  private leaveRom(): void {
    if (this.rom === null) return
    const written = this.rom.flash
    this.rom = null
    if (written.every((byte, at) => byte === this.flash[at])) return
    this.flash = written
    this.machine.loadBinary(flashMap.flash, written)
    this.onWritten(written)
  }
}
