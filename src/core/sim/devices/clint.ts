import type { Device } from './bus'

const wordRange = 4294967296

/**
 * Core-local interruptor of hart 0 (SiFive FU540 manual, chapter 9): msip at 0, mtimecmp at 0x4000, mtime at 0xbff8.
 * mtime counts core clock cycles, so its timebase is the board's clockHz. 64-bit values are doubles: exact to 2^53
 * cycles, three years at 100 MHz.
 */
export class Clint implements Device {
  softwareInterrupt = false
  private compareLow = 0xffffffff
  private compareHigh = 0xffffffff
  private timeOffset = 0

  constructor(private readonly cycles: () => number) {}

  /** mtime. */
  get time(): number {
    return this.cycles() + this.timeOffset
  }

  get timerInterrupt(): boolean {
    return this.time >= this.compare
  }

  /** Cycles until the timer interrupt becomes pending: 0 when it is, Infinity when it is set beyond all time. */
  get cyclesToTimer(): number {
    const ahead = this.compare - this.time
    return ahead <= 0 ? 0 : ahead > Number.MAX_SAFE_INTEGER ? Infinity : ahead
  }

  reset(): void {
    this.softwareInterrupt = false
    this.compareLow = this.compareHigh = 0xffffffff
    this.timeOffset = 0
  }

  read(offset: number, sizeBytes: number): number {
    const word = this.readWord(offset & ~3) >>> ((offset & 3) * 8)
    return sizeBytes === 4 ? word : word & (sizeBytes === 2 ? 0xffff : 0xff)
  }

  /** Only whole words can be written; the manual promises nothing for parts. */
  write(offset: number, value: number, sizeBytes: number): void {
    if (sizeBytes !== 4 || (offset & 3) !== 0) return
    const word = value >>> 0
    if (offset === 0) this.softwareInterrupt = (word & 1) !== 0
    else if (offset === 0x4000) this.compareLow = word
    else if (offset === 0x4004) this.compareHigh = word
    else if (offset === 0xbff8) this.setTime(Math.floor(this.time / wordRange) * wordRange + word)
    else if (offset === 0xbffc) this.setTime(word * wordRange + (this.time % wordRange))
  }

  private get compare(): number {
    return this.compareHigh * wordRange + this.compareLow
  }

  private setTime(time: number): void {
    this.timeOffset = time - this.cycles()
  }

  private readWord(offset: number): number {
    if (offset === 0) return this.softwareInterrupt ? 1 : 0
    if (offset === 0x4000) return this.compareLow
    if (offset === 0x4004) return this.compareHigh
    if (offset === 0xbff8) return (this.time % wordRange) >>> 0
    if (offset === 0xbffc) return Math.floor(this.time / wordRange) >>> 0
    return 0
  }
}
