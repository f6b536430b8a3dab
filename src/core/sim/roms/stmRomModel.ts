import type { FlashRom, FlashRomLine } from './flashRomLine'

/** The chip that a model of the ROM of a GD32VF103 is in. */
export interface StmRomOptions {
  /** `loader`: BOOT0 is high; `program`: the chip runs what is in flash. */
  start?: 'loader' | 'program'
  flashBytes?: number
  /** The readout protection is on: only the commands that say what the chip is are carried out. */
  isProtected?: boolean
  /** Erases by pages with 16-bit numbers instead of 8-bit ones. */
  isExtended?: boolean
}

const flashBase = 0x0800_0000
const pageBytes = 1024
const ack = 0x79
const nack = 0x1f

/**
 * The USART loader in the ROM of a GD32VF103, from ST's AN3155 and not from the loader under test: 7F makes it learn the speed; a
 * command is followed by its complement; addresses, numbers of pages and data end with the XOR of their bytes; 79 accepts, 1F refuses.
 * Writes take whole words and can only clear bits that an erase has set. docs/boards.md says what was compared with another sender.
 */
export class StmRomModel implements FlashRom {
  readonly flash: Uint8Array
  startedAt: number | null = null
  readonly counts = { badChecksum: 0, badCommand: 0, dirtyWrites: 0 }
  /** What the host sent, for comparisons. */
  readonly heard: number[] = []
  /** The next writes put a wrong byte into flash. */
  wornWrites = 0
  private readonly options: Required<StmRomOptions>
  private isSynchronised = false
  private pending: number[] = []
  private state: (bytes: number[]) => number | null
  private readonly replies: number[] = []

  constructor(options: StmRomOptions = {}) {
    this.options = {
      start: 'loader',
      flashBytes: 128 << 10,
      isProtected: false,
      isExtended: false,
      ...options
    }
    this.flash = new Uint8Array(this.options.flashBytes).fill(0)
    this.state = this.command
  }

  get hasLeft(): boolean {
    return this.startedAt !== null
  }

  hear(bytes: Uint8Array, _atMs: number, line: FlashRomLine): void {
    if (this.options.start === 'program' || this.startedAt !== null) return
    for (const byte of bytes) this.take(byte)
    const out = this.replies.splice(0)
    if (out.length > 0) line.send(Uint8Array.from(out), 0.2)
  }

  private take(byte: number): void {
    this.heard.push(byte)
    if (!this.isSynchronised) {
      if (byte !== 0x7f) return
      this.isSynchronised = true
      this.replies.push(ack)
      return
    }
    this.pending.push(byte)
    const used = this.state(this.pending)
    if (used !== null) this.pending = this.pending.slice(used)
  }

  private accept(next: (bytes: number[]) => number | null): void {
    this.replies.push(ack)
    this.state = next
  }

  private refuse(): void {
    this.replies.push(nack)
    this.state = this.command
  }

  private end(): void {
    this.accept(this.command)
  }

  private readonly command = (bytes: number[]): number | null => {
    // A second 7F is no command: refused at once.
    if (bytes[0] === 0x7f) {
      this.replies.push(nack)
      return 1
    }
    if (bytes.length < 2) return null
    const [code, complement] = bytes as [number, number]
    const erase = this.options.isExtended ? 0x44 : 0x43
    const known = [0x00, 0x01, 0x02, 0x11, 0x21, 0x31, erase, 0x63, 0x73, 0x82, 0x92]
    const isOpen = [0x00, 0x01, 0x02, 0x92].includes(code)
    if ((code ^ complement) !== 0xff || !known.includes(code) || (this.options.isProtected && !isOpen)) {
      this.counts.badCommand++
      this.refuse()
      return 2
    }
    if (code === 0x00) this.replies.push(ack, known.length, 0x22, ...known, ack)
    else if (code === 0x01) this.replies.push(ack, 0x22, 0, 0, ack)
    else if (code === 0x02) this.replies.push(ack, 1, 0x04, 0x10, ack)
    else if (code === 0x11) this.accept(this.address((at) => this.accept(this.length(at))))
    else if (code === 0x31) this.accept(this.address((at) => this.accept(this.data(at))))
    else if (code === 0x21) this.accept(this.address((at) => this.start(at)))
    else if (code === erase) this.accept(this.pages)
    else this.refuse()
    return 2
  }

  private start(address: number): void {
    this.end()
    this.startedAt = address
  }

  private readonly address =
    (then: (at: number) => void) =>
    (bytes: number[]): number | null => {
      if (bytes.length < 5) return null
      const [a, b, c, d, sum] = bytes as [number, number, number, number, number]
      if ((a ^ b ^ c ^ d) !== sum) {
        this.counts.badChecksum++
        this.refuse()
        return 5
      }
      const at = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
      if (this.holds(at, 1)) then(at)
      else this.refuse()
      return 5
    }

  private readonly length =
    (at: number) =>
    (bytes: number[]): number | null => {
      if (bytes.length < 2) return null
      const [count, complement] = bytes as [number, number]
      if ((count ^ complement) !== 0xff || !this.holds(at, count + 1)) this.refuse()
      else {
        this.end()
        const from = at - flashBase
        this.replies.push(...this.flash.subarray(from, from + count + 1))
      }
      return 2
    }

  private readonly data =
    (at: number) =>
    (bytes: number[]): number | null => {
      const count = bytes[0] + 1
      if (bytes.length < count + 2) return null
      const all = bytes.slice(0, count + 2)
      const isWhole = count % 4 === 0 && at % 4 === 0 && this.holds(at, count)
      if (all.reduce((sum, byte) => sum ^ byte, 0) !== 0) {
        this.counts.badChecksum++
        this.refuse()
      } else if (!isWhole) this.refuse()
      else {
        this.program(at - flashBase, all.slice(1, count + 1))
        this.end()
      }
      return count + 2
    }

  private program(from: number, bytes: number[]): void {
    for (const [index, byte] of bytes.entries()) {
      if (this.flash[from + index] !== 0xff && byte !== 0xff) this.counts.dirtyWrites++
      this.flash[from + index] &= byte
    }
    if (this.wornWrites > 0) {
      this.wornWrites--
      this.flash[from] ^= 1
    }
  }

  private readonly pages = (bytes: number[]): number | null => {
    const size = this.options.isExtended ? 2 : 1
    if (bytes.length < size) return null
    const word = (index: number): number =>
      size === 2 ? (bytes[2 * index] << 8) | bytes[2 * index + 1] : bytes[index]
    const isAll = word(0) === (size === 2 ? 0xffff : 0xff)
    const count = isAll ? 0 : word(0) + 1
    const length = size * (1 + count) + 1
    if (bytes.length < length) return null
    const sum = bytes.slice(0, length).reduce((all, byte) => all ^ byte, 0)
    // FF is followed by its complement, 00.
    if (isAll ? size === 1 && bytes[1] !== 0 : sum !== 0) {
      this.counts.badChecksum++
      this.refuse()
      return length
    }
    if (isAll) this.flash.fill(0xff)
    for (let index = 1; index <= count; index++) {
      const page = word(index)
      if ((page + 1) * pageBytes > this.flash.length) {
        this.refuse()
        return length
      }
      this.flash.fill(0xff, page * pageBytes, (page + 1) * pageBytes)
    }
    this.end()
    return length
  }

  private holds(at: number, count: number): boolean {
    return at >= flashBase && at + count <= flashBase + this.flash.length
  }
}
