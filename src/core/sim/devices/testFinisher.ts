import type { Device } from './bus'

/** SiFive test finisher as on QEMU's `virt` board: a word written to offset 0 ends the machine. */
export class TestFinisher implements Device {
  /** What the guest requested, until taken. */
  request: 'powerOff' | 'reset' | null = null
  /** 0 for pass (0x5555); the upper half of the word for fail (0x3333). */
  exitCode = 0

  read(): number {
    return 0
  }

  write(offset: number, value: number): void {
    if (offset !== 0) return
    const command = value & 0xffff
    if (command === 0x7777) this.request = 'reset'
    if (command === 0x5555 || command === 0x3333) {
      this.request = 'powerOff'
      this.exitCode = command === 0x3333 ? value >>> 16 : 0
    }
  }

  reset(): void {
    this.request = null
    this.exitCode = 0
  }
}
