import type { FlashRom, FlashRomLine } from './flashRomLine'

/** The chip that a model of the ROM of a CH32V30x is in. */
export interface WchRomOptions {
  chipId?: number
  series?: number
  flashBytes?: number
  /** Option byte RDPR; A5: not protected. */
  readProtection?: number
  /** Of the loader in ROM, digits in four bytes. */
  version?: readonly number[]
  /** False: it restarts before its reply to the end has left, as loaders up to version 2.40 do. */
  confirmsEnd?: boolean
  uid?: readonly number[]
}

const sumOf = (bytes: readonly number[]): number => bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0)

/**
 * The UART loader in the ROM of a CH32V30x, as public tools describe it (wchisp) and not from the loader under test: a request is 57 AB,
 * command, length, data and the sum of what is behind 57 AB; a reply 55 AA, command, 0, length, data and sum. Data is exclusive-ored
 * with a key from the chip's number, in whole groups of its eight bytes (isp55e0); it is written in pages of 256 bytes, the last when
 * an empty block comes.
 */
export class WchRomModel implements FlashRom {
  readonly flash: Uint8Array
  readonly options: Required<WchRomOptions>
  readonly commands: number[] = []
  readonly heard: number[] = []
  readonly counts = { badSum: 0, dirtyWrites: 0 }
  /** The next replies are left out. */
  silentReplies = 0
  /** The next pages get a wrong byte. */
  wornPages = 0
  hasRestarted = false
  private pending: number[] = []
  private key: number[] | null = null
  private page: { from: number; bytes: number[] } = { from: 0, bytes: [] }

  constructor(options: WchRomOptions = {}) {
    this.options = {
      chipId: 0x70,
      series: 0x17,
      flashBytes: 256 << 10,
      readProtection: 0xa5,
      version: [0, 2, 6, 0],
      confirmsEnd: true,
      // The last 16 bits are the sum of the three before.
      uid: [0xcd, 0xab, 0x16, 0x2f, 0x38, 0xbc, 0x1b, 0x97],
      ...options
    }
    this.flash = new Uint8Array(this.options.flashBytes).fill(0)
  }

  get hasLeft(): boolean {
    return this.hasRestarted
  }

  hear(bytes: Uint8Array, _atMs: number, line: FlashRomLine): void {
    this.heard.push(...bytes)
    if (this.hasRestarted) return
    this.pending.push(...bytes)
    for (;;) {
      while (this.pending.length > 1 && !(this.pending[0] === 0x57 && this.pending[1] === 0xab))
        this.pending.shift()
      if (this.pending.length < 6) return
      const length = this.pending[3] | (this.pending[4] << 8)
      if (this.pending.length < 6 + length) return
      const body = this.pending.slice(2, 5 + length)
      const sum = this.pending[5 + length]
      this.pending = this.pending.slice(6 + length)
      if (sumOf(body) !== sum) this.counts.badSum++
      else this.execute(body[0], body.slice(3), line)
    }
  }

  private execute(command: number, data: number[], line: FlashRomLine): void {
    this.commands.push(command)
    const { chipId, series, readProtection, version, confirmsEnd, uid } = this.options
    const isIdentify = command === 0xa1 && String.fromCharCode(...data.slice(2)) === 'MCU ISP & WCH.CN'
    if (isIdentify) this.reply(line, command, [chipId, series])
    else if (command === 0xa7) {
      const options = [
        readProtection,
        readProtection ^ 0xff,
        0xff,
        0,
        0xff,
        0,
        0xff,
        0,
        0xff,
        0xff,
        0xff,
        0xff
      ]
      this.reply(line, command, [data[0], 0, ...options, ...version, ...uid])
    } else if (command === 0xa3) this.reply(line, command, [this.agree(), 0])
    else if (readProtection !== 0xa5) this.reply(line, command, [0xfe, 0])
    else if (command === 0xa4) {
      const sectors = data[0] | (data[1] << 8)
      const isPossible = sectors >= 8 && sectors * 1024 <= this.flash.length
      if (isPossible) this.flash.fill(0xff, 0, sectors * 1024)
      this.reply(line, command, [isPossible ? 0 : 0xfe, 0])
    } else if (command === 0xa5 || command === 0xa6) this.block(command, data, line)
    else if (command === 0xa2) {
      if (confirmsEnd) this.reply(line, command, [0, 0])
      this.hasRestarted = data[0] === 1
    } else this.reply(line, command, [0xfe, 0])
  }

  /** Returns the sum of the key. */
  private agree(): number {
    const sum = sumOf(this.options.uid)
    this.key = [sum, sum, sum, sum, sum, sum, sum, (sum + this.options.chipId) & 0xff]
    return sumOf(this.key)
  }

  private block(command: 0xa5 | 0xa6, data: number[], line: FlashRomLine): void {
    const at = data[0] | (data[1] << 8) | (data[2] << 16) | (data[3] << 24)
    const { key } = this
    const isWhole = (data.length - 5) % 8 === 0
    if (key === null || !isWhole || at + data.length - 5 > this.flash.length)
      return this.reply(line, command, [0xfe, 0])
    const bytes = data.slice(5).map((byte, index) => byte ^ key[index & 7])
    if (command === 0xa6) {
      const isEqual = bytes.every((byte, index) => this.flash[at + index] === byte)
      return this.reply(line, command, [isEqual ? 0 : 0xf5, 0])
    }
    if (this.page.bytes.length === 0) this.page.from = at
    // A block that was sent again because its reply was lost changes nothing.
    if (at === this.page.from + this.page.bytes.length) this.page.bytes.push(...bytes)
    while (this.page.bytes.length >= 256 || (bytes.length === 0 && this.page.bytes.length > 0))
      this.writePage()
    this.reply(line, command, [0, 0])
  }

  private writePage(): void {
    const bytes = this.page.bytes.splice(0, 256)
    for (const [index, byte] of bytes.entries()) {
      if (this.flash[this.page.from + index] !== 0xff) this.counts.dirtyWrites++
      this.flash[this.page.from + index] &= byte
    }
    if (this.wornPages > 0) {
      this.wornPages--
      this.flash[this.page.from] ^= 1
    }
    this.page.from += bytes.length
  }

  private reply(line: FlashRomLine, command: number, data: number[]): void {
    if (this.silentReplies > 0) {
      this.silentReplies--
      return
    }
    const body = [command, 0, data.length & 0xff, data.length >> 8, ...data]
    line.send(Uint8Array.from([0x55, 0xaa, ...body, sumOf(body)]), 0.2)
  }
}
