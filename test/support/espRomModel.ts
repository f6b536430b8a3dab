import type { PeerLine, TimedPeer } from './dialogue'

export interface EspRomOptions {
  /** What GET_SECURITY_INFO says; null: the command is not known to this ROM. */
  chipId?: number | null
  securityFlags?: number
  magic?: number
  ramBase?: number
  ramBytes?: number
  /** `download`: waits in its loader; `program`: runs a program that prints; `off`: nothing is connected. */
  start?: 'download' | 'program' | 'off'
  /** Which modem lines lead where. */
  wiring?: 'none' | 'bridge' | 'usbJtag'
  /** Its line is its own USB-Serial-JTAG. */
  isUsb?: boolean
  /** Prints its text again at a line end, as a reset beside it would. */
  greetsEnter?: boolean
  /** The ROM hears nothing (a broken wire). */
  isDeaf?: boolean
  baudRate?: number
}

const ascii = (text: string): number[] => [...text].map((char) => char.charCodeAt(0))

/**
 * The serial loader in the ROM of an ESP32-C3 or C6, from Espressif's published page "Serial Protocol" and not from the loader under
 * test: a SLIP packet begins and ends with C0; a request has direction 0, command, size, checksum and data; a response direction 1,
 * the same command, a value and at least four bytes of status. SYNC is replied to eight times. MEM_DATA must follow MEM_BEGIN with
 * sequence numbers from 0 and the XOR of its data, begun with EF. docs/boards.md says what was compared with Espressif's tool.
 */
export class EspRomModel implements TimedPeer {
  readonly ram: Uint8Array
  readonly options: Required<EspRomOptions>
  state: 'download' | 'program' | 'off' | 'reset' | 'running'
  startedAt: number | null = null
  /** Commands that were carried out, in order. */
  readonly commands: number[] = []
  readonly counts = { badChecksum: 0, badOrder: 0, unknown: 0, garbage: 0, lost: 0 }
  /** Writes of a key for a watchdog. */
  stoppedWatchdogs = 0
  /** The next packets with this command are not replied to. */
  readonly ignored: number[] = []
  /** The next MEM_DATA packets arrive with a damaged byte. */
  damagedBlocks = 0
  hostBaudRate: number
  romBaudRate: number
  private packet: number[] | null = null
  private isEscaped = false
  private expected: {
    address: number
    size: number
    blocks: number
    blockBytes: number
    next: number
  } | null = null
  private lines = { dtr: false, rts: false }
  private flag = false
  private flagAtReset = false
  private hasGreeted = false

  constructor(options: EspRomOptions = {}) {
    this.options = {
      chipId: 5,
      securityFlags: 0,
      magic: 0x1b31_506f,
      ramBase: 0x3fc8_0000,
      ramBytes: 0x6_0000,
      start: 'download',
      wiring: 'none',
      isUsb: false,
      greetsEnter: false,
      isDeaf: false,
      baudRate: 115_200,
      ...options
    }
    this.ram = new Uint8Array(this.options.ramBytes).fill(0xee)
    this.state = this.options.start
    this.hostBaudRate = this.romBaudRate = this.options.baudRate
  }

  tick(_atMs: number, line: PeerLine): void {
    if (this.hasGreeted) return
    this.hasGreeted = true
    if (this.state === 'program') this.greet(line, false)
  }

  setBaud(baudRate: number): void {
    this.hostBaudRate = baudRate
  }

  /** A bridge resets while RTS alone is asserted and samples IO0 (low while DTR alone is) when that ends. */
  setSignals({ dtr, rts }: { dtr: boolean; rts: boolean }, _atMs: number, line: PeerLine): void {
    const before = this.lines
    this.lines = { dtr, rts }
    const { wiring } = this.options
    if (wiring === 'none' || this.state === 'off') return
    if (wiring === 'bridge') {
      const wasReset = before.rts && !before.dtr
      if (rts && !dtr) this.state = 'reset'
      else if (wasReset) this.leaveReset(dtr && !rts, line)
      return
    }
    // USB-Serial-JTAG: DTR alone sets a flag for download, RTS alone resets, both released clear the flag, both asserted do nothing.
    if (dtr && !rts) this.flag = true
    else if (rts && !dtr) {
      this.state = 'reset'
      this.flagAtReset = this.flag
    } else if (!dtr) {
      if (this.state === 'reset') this.leaveReset(this.flagAtReset, line)
      this.flag = false
    }
  }

  hear(bytes: Uint8Array, atMs: number, line: PeerLine): void {
    this.tick(atMs, line)
    if (this.state !== 'download' || this.options.isDeaf) return
    if (this.options.greetsEnter && bytes.length === 2 && bytes[0] === 0x0d) this.greet(line, true)
    for (const byte of bytes) this.take(byte, line)
  }

  private leaveReset(isDownload: boolean, line: PeerLine): void {
    this.state = isDownload ? 'download' : 'program'
    this.expected = null
    this.packet = null
    this.romBaudRate = this.options.baudRate
    this.greet(line, isDownload)
  }

  greet(line: PeerLine, isDownload: boolean): void {
    const mode = isDownload
      ? '0x4 (DOWNLOAD(USB/UART0/1))\r\nwaiting for download\r\n'
      : '0xc (SPI_FAST_FLASH_BOOT)\r\nhello\r\n'
    line.send(
      Uint8Array.from(
        ascii(`ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\nrst:0x1 (POWERON),boot:${mode}`)
      )
    )
  }

  private take(byte: number, line: PeerLine): void {
    if (this.hostBaudRate !== this.romBaudRate) {
      this.counts.lost++
      return
    }
    if (byte === 0xc0) {
      const packet = this.packet
      if (packet === null || packet.length === 0) this.packet = []
      else {
        this.packet = null
        this.execute(Uint8Array.from(packet), line)
      }
      this.isEscaped = false
    } else if (this.packet === null) this.counts.garbage++
    else if (this.isEscaped) {
      this.isEscaped = false
      this.packet.push(byte === 0xdc ? 0xc0 : byte === 0xdd ? 0xdb : byte)
    } else if (byte === 0xdb) this.isEscaped = true
    else this.packet.push(byte)
  }

  private execute(packet: Uint8Array, line: PeerLine): void {
    const view = new DataView(packet.buffer)
    if (packet.length < 8 || packet[0] !== 0 || view.getUint16(2, true) !== packet.length - 8) {
      this.counts.garbage++
      return
    }
    const command = packet[1]!
    const silent = this.ignored.indexOf(command)
    if (silent >= 0) {
      this.ignored.splice(silent, 1)
      return
    }
    this.commands.push(command)
    const data = packet.slice(8)
    const word = (index: number): number => new DataView(data.buffer).getUint32(4 * index, true)
    const checksum = view.getUint32(4, true)
    if (command === 0x09 && [0x50d8_3aa1, 0x8f1d_312a].includes(word(1))) this.stoppedWatchdogs++
    const isLocked = (this.options.securityFlags & 4) !== 0
    if (command === 0x08) {
      const isSync =
        data.length === 36 && data[0] === 7 && data[1] === 7 && data[2] === 0x12 && data[3] === 0x20
      for (let count = 0; isSync && count < 8; count++) this.reply(line, command, 0x2012_0707, [])
    } else if (command === 0x14 && this.options.chipId !== null) {
      const info = new Uint8Array(20)
      const fields = new DataView(info.buffer)
      fields.setUint32(0, this.options.securityFlags, true)
      fields.setUint32(12, this.options.chipId, true)
      this.reply(line, command, 0, [...info])
    } else if (isLocked || ![0x05, 0x06, 0x07, 0x09, 0x0a, 0x0b, 0x0d, 0x0f].includes(command)) {
      this.counts.unknown++
      for (let count = 0; count < 8; count++) this.reply(line, 0xff, 0, [], 0x05)
    } else if (command === 0x0a) this.reply(line, command, this.register(word(0)), [])
    else if (command === 0x09 || command === 0x0b || command === 0x0d)
      // WRITE_REG, SPI_SET_PARAMS, SPI_ATTACH: Espressif's tool sends them first; loads into RAM need none of them.
      this.reply(line, command, 0, [])
    else if (command === 0x0f) {
      this.reply(line, command, 0, [])
      this.romBaudRate = word(0)
    } else if (command === 0x05) this.begin(word(0), word(1), word(2), word(3), line)
    else if (command === 0x07) this.store(data, checksum, line)
    else if (word(0) === 0) {
      this.reply(line, command, 0, [])
      this.startedAt = word(1)
      this.state = 'running'
    } else this.reply(line, command, 0, [])
  }

  /** Magic word, and the variables that say which line is in use (of revision 0 of the C3, and of the C6). */
  private register(address: number): number {
    if (address === 0x4000_1000) return this.options.magic
    return this.options.isUsb && [0x3fcd_f07c, 0x4087_f580].includes(address) ? 3 : 0
  }

  private begin(size: number, blocks: number, blockBytes: number, address: number, line: PeerLine): void {
    const at = address - this.options.ramBase
    if (at < 0 || at + size > this.ram.length) return this.reply(line, 0x05, 0, [], 0x0f)
    if (blocks * blockBytes < size) return this.reply(line, 0x05, 0, [], 0x0e)
    this.expected = { address, size, blocks, blockBytes, next: 0 }
    this.reply(line, 0x05, 0, [])
  }

  private store(data: Uint8Array, checksum: number, line: PeerLine): void {
    const view = new DataView(data.buffer)
    const { expected } = this
    const block = data.slice(16)
    if (
      expected === null ||
      view.getUint32(4, true) !== expected.next ||
      view.getUint32(0, true) !== block.length
    ) {
      this.counts.badOrder++
      return this.reply(line, 0x07, 0, [], 0x06)
    }
    if (this.damagedBlocks > 0) {
      this.damagedBlocks--
      block[0]! ^= 1
    }
    let sum = 0xef
    for (const byte of block) sum ^= byte
    if (sum !== checksum) {
      this.counts.badChecksum++
      return this.reply(line, 0x07, 0, [], 0x07)
    }
    this.ram.set(block, expected.address - this.options.ramBase + expected.next * expected.blockBytes)
    expected.next++
    this.reply(line, 0x07, 0, [])
  }

  private reply(line: PeerLine, command: number, value: number, data: number[], error = 0): void {
    const status = [error === 0 ? 0 : 1, error, 0, 0]
    const size = data.length + status.length
    const packet = [
      1,
      command,
      size & 0xff,
      size >> 8,
      ...[0, 8, 16, 24].map((by) => (value >>> by) & 0xff),
      ...data,
      ...status
    ]
    const escaped = packet.flatMap((byte) =>
      byte === 0xc0 ? [0xdb, 0xdc] : byte === 0xdb ? [0xdb, 0xdd] : [byte]
    )
    line.send(Uint8Array.from([0xc0, ...escaped, 0xc0]), 0.2)
  }
}
