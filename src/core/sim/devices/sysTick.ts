import type { Device } from './bus'

const register = { control: 0x00, low: 0x08, high: 0x0c } as const
/** Of the control word: on, and counting the core's clock instead of an eighth of it. */
const control = { on: 1 << 0, coreClock: 1 << 2 } as const

/** Bytes of the timer's registers. */
export const sysTickBytes = 0x20

/** SysTick of QingKe V4 (CH32V307): 64 bits that count up while it is on. Compare and interrupt are not modelled. */
export class SysTick implements Device {
  private word = 0
  private kept = 0
  private since = 0

  constructor(private readonly cycles: () => number) {}

  reset(): void {
    this.word = this.kept = this.since = 0
  }

  read(offset: number): number {
    if (offset === register.control) return this.word
    if (offset === register.low) return this.count % 2 ** 32
    return offset === register.high ? Math.floor(this.count / 2 ** 32) : 0
  }

  write(offset: number, value: number): void {
    if (offset !== register.control) return
    this.kept = this.count
    this.since = this.cycles()
    this.word = value >>> 0
  }

  private get count(): number {
    if ((this.word & control.on) === 0) return this.kept
    const passed = this.cycles() - this.since
    return this.kept + ((this.word & control.coreClock) === 0 ? Math.floor(passed / 8) : passed)
  }
}
