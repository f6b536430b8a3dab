import { createRandom } from '@core/math/random'
import type { PeerLine, TimedPeer } from './dialogue'

export interface BiosOptions {
  ramBase?: number
  ramBytes?: number
  /** `menu`: prints the boot menu and asks; `console`: sits at its prompt; `silent`: no LiteX at all. */
  start?: 'menu' | 'console' | 'silent'
  /** Bytes that its receive FIFO holds while a frame is worked on; more are lost. Infinity: a lossless line. */
  fifoBytes?: number
  /** Chance that a byte to the BIOS arrives damaged. */
  flipPerByte?: number
  seed?: number
}

const magicRequest = 'sL5DdSMmkekro\n'
const magicAnswer = 'z6IHG7cYDID6o\n'
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

/**
 * A strict model of the LiteX BIOS's serial boot, written from the protocol's description, not from the loader under
 * test: it waits 250 ms for the answer to its request, answers E when a frame's next byte stays away for 250 ms, C on
 * a wrong CRC, U on an unknown command, writes only inside its RAM, and returns to its console on ABORT.
 */
export class SflBios implements TimedPeer {
  readonly ram: Uint8Array
  readonly ramBase: number
  state: 'console' | 'asking' | 'loading' | 'running' | 'silent' = 'silent'
  jumpedTo: number | null = null
  readonly counts = { frames: 0, crcErrors: 0, timeouts: 0, aborts: 0, lost: 0, outside: 0 }
  private readonly options: Required<BiosOptions>
  private readonly random
  private text = ''
  private frame: number[] = []
  private lastByteMs = 0
  private askedAtMs = 0
  private started = false

  constructor(options: BiosOptions = {}) {
    this.options = {
      ramBase: 0x4000_0000,
      ramBytes: 1 << 20,
      start: 'menu',
      fifoBytes: Infinity,
      flipPerByte: 0,
      seed: 1,
      ...options
    }
    this.ram = new Uint8Array(this.options.ramBytes).fill(0xee)
    this.ramBase = this.options.ramBase
    this.random = createRandom(this.options.seed)
  }

  tick(atMs: number, line: PeerLine): void {
    if (!this.started) {
      this.started = true
      if (this.options.start === 'menu') {
        line.send(ascii('\nBooting from serial...\nPress Q or ESC to abort boot completely.\n'))
        this.ask(atMs, line)
      } else if (this.options.start === 'console') {
        this.state = 'console'
      }
    }
    if (this.state === 'asking' && atMs - this.askedAtMs > 250) {
      this.toConsole(line, 'Timeout\n')
    }
    if (this.state === 'loading' && this.frame.length > 0 && atMs - this.lastByteMs > 250) {
      this.frame = []
      this.counts.timeouts++
      line.send(ascii('E'))
    }
  }

  hear(bytes: Uint8Array, atMs: number, line: PeerLine): void {
    this.tick(atMs, line)
    const kept = bytes.length > this.options.fifoBytes ? bytes.slice(0, this.options.fifoBytes) : bytes
    this.counts.lost += bytes.length - kept.length
    this.lastByteMs = atMs
    for (const byte of kept) this.byte(this.damaged(byte), line)
  }

  private damaged(byte: number): number {
    return this.random.next() < this.options.flipPerByte ? byte ^ (1 << this.random.integer(8)) : byte
  }

  private byte(byte: number, line: PeerLine): void {
    if (this.state === 'console') return this.typed(byte, line)
    if (this.state === 'asking') {
      this.text += String.fromCharCode(byte)
      if (this.text.endsWith(magicAnswer)) {
        this.state = 'loading'
        this.frame = []
      } else if (byte === 0x51 || byte === 0x1b) this.toConsole(line, 'Cancelled\n')
      return
    }
    if (this.state !== 'loading') return
    this.frame.push(byte)
    if (this.frame.length >= 4 && this.frame.length === 4 + this.frame[0]!) {
      const frame = Uint8Array.from(this.frame)
      this.frame = []
      this.execute(frame, line)
    }
  }

  private typed(byte: number, line: PeerLine): void {
    if (byte !== 0x0a) {
      this.text += String.fromCharCode(byte)
      return
    }
    const commandLine = this.text.trim()
    this.text = ''
    if (commandLine === 'serialboot') {
      line.send(ascii('Booting from serial...\n'))
      this.ask(this.lastByteMs, line)
    } else {
      line.send(ascii('\nlitex> '))
    }
  }

  private ask(atMs: number, line: PeerLine): void {
    this.state = 'asking'
    this.askedAtMs = atMs
    this.text = ''
    line.send(ascii(magicRequest))
  }

  private toConsole(line: PeerLine, remark: string): void {
    this.state = 'console'
    this.text = ''
    line.send(ascii(`${remark}\nlitex> `))
  }

  private execute(frame: Uint8Array, line: PeerLine): void {
    this.counts.frames++
    if (crcOf(frame.subarray(3)) !== ((frame[1]! << 8) | frame[2]!)) {
      this.counts.crcErrors++
      line.send(ascii('C'))
      return
    }
    const payload = frame.subarray(4)
    const address = payload.length >= 4 ? new DataView(payload.buffer, payload.byteOffset).getUint32(0) : -1
    if (frame[3] === 0 && payload.length === 0) {
      this.counts.aborts++
      line.send(ascii('K'))
      this.toConsole(line, '')
    } else if (frame[3] === 1 && payload.length > 4) {
      const data = payload.subarray(4)
      const at = address - this.ramBase
      if (at < 0 || at + data.length > this.ram.length) this.counts.outside++
      else this.ram.set(data, at)
      line.send(ascii('K'), 0.2)
    } else if (frame[3] === 2 && payload.length === 4) {
      this.jumpedTo = address
      this.state = 'running'
      line.send(ascii('K'))
    } else {
      line.send(ascii('U'))
    }
  }
}

/** Bit by bit, unlike the table of the product. */
function crcOf(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ ((crc & 0x8000) === 0 ? 0 : 0x1021)) & 0xffff
  }
  return crc
}
