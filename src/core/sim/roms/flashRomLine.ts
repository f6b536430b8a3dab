/** The line from a ROM to its host. */
export interface FlashRomLine {
  /** Puts bytes on the line, `delayMs` from the present moment. */
  send(bytes: Uint8Array, delayMs?: number): void
}

/** The loader in the ROM of a microcontroller: it hears bytes and writes flash. */
export interface FlashRom {
  /** What it writes, from the start of flash. */
  readonly flash: Uint8Array
  hear(bytes: Uint8Array, atMs: number, line: FlashRomLine): void
  /** True once the chip has left the loader by what was sent, a start or a reset. */
  readonly hasLeft: boolean
}
