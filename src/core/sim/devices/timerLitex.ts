import type { Device } from './bus'

/** Byte offsets of the 32-bit CSRs (litex/soc/cores/timer.py). */
const register = { load: 0x00, reload: 0x04, enable: 0x08, updateValue: 0x0c, value: 0x10 } as const
/** Bytes of address space that the registers take. */
export const timerLitexBytes = 0x20
/** Registers as csr.csv names them, in order. */
export const timerLitexRegisters = ['load', 'reload', 'en', 'update_value', 'value'] as const

/**
 * LiteX's timer: counts down by one a cycle while enabled, from `load` while it is not, and goes on at `reload` after zero. `value`
 * shows what it was when `update_value` was last written.
 */
export class TimerLitex implements Device {
  private load = 0
  private reload = 0
  private shown = 0
  /** Cycle at which it was enabled; null while it is not. */
  private since: number | null = null

  constructor(private readonly cycles: () => number) {}

  reset(): void {
    this.load = this.reload = this.shown = 0
    this.since = null
  }

  read(offset: number): number {
    if (offset === register.load) return this.load
    if (offset === register.reload) return this.reload
    if (offset === register.enable) return this.since === null ? 0 : 1
    return offset === register.value ? this.shown : 0
  }

  write(offset: number, value: number): void {
    if (offset === register.load) this.load = value >>> 0
    else if (offset === register.reload) this.reload = value >>> 0
    else if (offset === register.updateValue) this.shown = this.current
    else if (offset === register.enable) this.since = (value & 1) === 0 ? null : (this.since ?? this.cycles())
  }

  private get current(): number {
    if (this.since === null) return this.load
    const passed = this.cycles() - this.since
    if (passed <= this.load) return this.load - passed
    return this.reload - ((passed - this.load - 1) % (this.reload + 1))
  }
}
