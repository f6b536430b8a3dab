const mask64 = (1n << 64n) - 1n
const mask32 = (1n << 32n) - 1n

/**
 * A guest-writable 64-bit counter on top of one that only the machine moves (cycles or instructions retired): what
 * the guest sees is the machine's count plus an offset, or a frozen value while mcountinhibit stops it.
 */
export class Counter {
  private offset = 0n
  private frozen: bigint | null = null

  constructor(private readonly source: () => number) {}

  get value(): bigint {
    return this.frozen ?? (BigInt(this.source()) + this.offset) & mask64
  }

  get low(): number {
    return Number(this.value & mask32) | 0
  }

  get high(): number {
    return Number(this.value >> 32n) | 0
  }

  set low(word: number) {
    this.set((this.value & ~mask32) | BigInt(word >>> 0))
  }

  set high(word: number) {
    this.set((BigInt(word >>> 0) << 32n) | (this.value & mask32))
  }

  get inhibited(): boolean {
    return this.frozen !== null
  }

  set inhibited(stop: boolean) {
    if (stop === this.inhibited) return
    const value = this.value
    this.frozen = stop ? value : null
    if (!stop) this.set(value)
  }

  reset(): void {
    this.offset = 0n
    this.frozen = null
  }

  private set(value: bigint): void {
    if (this.frozen !== null) this.frozen = value
    else this.offset = (value - BigInt(this.source())) & mask64
  }
}
