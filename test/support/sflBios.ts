import { createRandom } from '@core/math/random'
import type { PeerLine, TimedPeer } from './dialogue'

export interface BiosOptions {
  ramBase?: number
  ramBytes?: number
  /**
   * `reset`: comes out of reset (memory test, then the serial boot request); `console`: sits at its prompt; `silent`: no
   * LiteX at all.
   */
  start?: 'reset' | 'console' | 'silent'
  /** How long the memory test prints before the request. */
  memoryTestMs?: number
  /** Bytes that wait while a frame is worked on; more are lost. The BIOS has a ring of 128 that holds 127. */
  ringBytes?: number
  /** A bridge on the way that keeps no more of what is sent at once. Infinity: a lossless line. */
  fifoBytes?: number
  /** How long a frame is worked on (CRC and copy) per byte; bytes go to the ring meanwhile. */
  workMsPerByte?: number
  /** Chance that a byte to the BIOS arrives damaged. */
  flipPerByte?: number
  seed?: number
}

const magicRequest = 'sL5DdSMmkekro\n'
const magicAnswer = 'z6IHG7cYDID6o\n'
/** Coloured since 2019. */
const prompt = '\x1b[92;1mlitex\x1b[0m> '
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const timeOutMs = 250
const maxFailures = 256

/**
 * A strict model of the LiteX BIOS's serial boot, from what its sources do (boot.c, readline.c, uart.c; docs/boards.md says
 * what was compared), not from the loader under test: a memory test, then a request that waits 250 ms; an `E` after every 250 ms
 * of silence, frame or no frame, and back to the console after 256 failures in a row; `C` on a wrong CRC, `U` on an
 * unknown command, a message and `E` on addresses outside its memory; a ring of 128 bytes; a console that echoes and has
 * `serialboot` and `reboot`.
 */
export class SflBios implements TimedPeer {
  readonly ram: Uint8Array
  readonly ramBase: number
  state: 'testing' | 'console' | 'asking' | 'loading' | 'running' | 'silent' = 'silent'
  jumpedTo: number | null = null
  readonly counts = { frames: 0, crcErrors: 0, timeouts: 0, aborts: 0, lost: 0, outside: 0, gaveUp: 0 }
  /** The host answers the next requests too late: they time out. */
  missedRequests = 0
  private readonly options: Required<BiosOptions>
  private readonly random
  private text = ''
  private recognised = 0
  private frame: number[] = []
  private ring: number[] = []
  private timerMs = 0
  private busyUntilMs = 0
  private failures = 0
  private printedMs = 0
  private started = false

  constructor(options: BiosOptions = {}) {
    this.options = {
      ramBase: 0x4000_0000,
      ramBytes: 1 << 20,
      start: 'reset',
      memoryTestMs: 0,
      ringBytes: 127,
      fifoBytes: Infinity,
      workMsPerByte: 0.002,
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
      if (this.options.start === 'reset') this.reset(atMs)
      else if (this.options.start === 'console') this.state = 'console'
    }
    if (this.state === 'testing') this.testMemory(atMs, line)
    this.work(atMs, line)
    if (this.state === 'asking' && atMs - this.timerMs > timeOutMs)
      this.toConsole(line, 'Timeout\nNo boot medium found\n')
    while (this.state === 'loading' && atMs - this.timerMs > timeOutMs) {
      this.timerMs += timeOutMs
      this.frame = []
      this.counts.timeouts++
      line.send(ascii('E'))
      this.fail(line)
    }
  }

  hear(bytes: Uint8Array, atMs: number, line: PeerLine): void {
    this.tick(atMs, line)
    // A bridge swallows what does not fit at once; the ring what comes while a frame is worked on.
    const through = bytes.length > this.options.fifoBytes ? bytes.slice(0, this.options.fifoBytes) : bytes
    this.counts.lost += bytes.length - through.length
    for (const byte of through) {
      if (atMs < this.busyUntilMs && this.ring.length >= this.options.ringBytes) this.counts.lost++
      else this.ring.push(this.damaged(byte))
      this.work(atMs, line)
    }
  }

  private reset(atMs: number): void {
    this.state = 'testing'
    this.timerMs = this.printedMs = atMs
    this.ring = []
  }

  /** Text every 100 ms until the test is over, then the request. What is typed meanwhile waits in the ring. */
  private testMemory(atMs: number, line: PeerLine): void {
    while (this.printedMs + 100 <= Math.min(atMs, this.timerMs + this.options.memoryTestMs)) {
      this.printedMs += 100
      line.send(ascii('  Write: 0x40000000-0x40200000 2.0MiB\r'))
    }
    if (atMs - this.timerMs < this.options.memoryTestMs) return
    line.send(ascii('--=============== \x1b[1mBoot\x1b[0m ==================--\n'))
    this.ask(atMs, line)
  }

  private damaged(byte: number): number {
    return this.random.next() < this.options.flipPerByte ? byte ^ (1 << this.random.integer(8)) : byte
  }

  private work(atMs: number, line: PeerLine): void {
    while (this.ring.length > 0 && atMs >= this.busyUntilMs && this.state !== 'testing') {
      const byte = this.ring.shift()!
      if (this.state === 'console') this.typed(byte, atMs, line)
      else if (this.state === 'asking') this.answered(byte, atMs, line)
      else if (this.state === 'loading') this.collect(byte, atMs, line)
    }
  }

  private answered(byte: number, atMs: number, line: PeerLine): void {
    if (byte === 0x51 || byte === 0x1b) return this.toConsole(line, 'Cancelled\n')
    const char = String.fromCharCode(byte)
    this.recognised =
      char === magicAnswer[this.recognised] ? this.recognised + 1 : char === magicAnswer[0] ? 1 : 0
    if (this.recognised < magicAnswer.length) return
    if (this.missedRequests > 0) {
      this.missedRequests--
      return this.toConsole(line, 'Timeout\nNo boot medium found\n')
    }
    this.state = 'loading'
    this.failures = 0
    this.frame = []
    this.timerMs = atMs
  }

  private collect(byte: number, atMs: number, line: PeerLine): void {
    this.timerMs = atMs
    this.frame.push(byte)
    if (this.frame.length < 4 || this.frame.length !== 4 + this.frame[0]!) return
    const frame = Uint8Array.from(this.frame)
    this.frame = []
    // It answers when it has worked, and has an eye on the line again from then on.
    const workMs = frame.length * this.options.workMsPerByte
    this.busyUntilMs = this.timerMs = atMs + workMs
    this.execute(frame, { send: (reply, delayMs = 0) => line.send(reply, delayMs + workMs) })
  }

  private typed(byte: number, atMs: number, line: PeerLine): void {
    if (byte !== 0x0a && byte !== 0x0d) {
      line.send(Uint8Array.of(byte))
      this.text += String.fromCharCode(byte)
      return
    }
    const commandLine = this.text.trim()
    this.text = ''
    line.send(ascii('\n'))
    if (commandLine === 'serialboot') this.ask(atMs, line)
    else if (commandLine === 'reboot') this.reset(atMs)
    else line.send(ascii(commandLine === '' ? prompt : `\nCommand not found${prompt}`))
  }

  private ask(atMs: number, line: PeerLine): void {
    this.state = 'asking'
    this.timerMs = atMs
    this.recognised = 0
    line.send(ascii(`Booting from serial...\nPress Q or ESC to abort boot completely.\n${magicRequest}`))
  }

  private toConsole(line: PeerLine, remark: string): void {
    this.state = 'console'
    this.text = ''
    line.send(ascii(`${remark}\n${prompt}`))
  }

  private fail(line: PeerLine): void {
    if (++this.failures < maxFailures) return
    this.counts.gaveUp++
    this.toConsole(line, 'Too many consecutive errors, aborting\n')
  }

  private execute(frame: Uint8Array, line: PeerLine): void {
    this.counts.frames++
    if (crcOf(frame.subarray(3)) !== ((frame[1]! << 8) | frame[2]!)) {
      this.counts.crcErrors++
      line.send(ascii('C'))
      return this.fail(line)
    }
    const payload = frame.subarray(4)
    const address = payload.length >= 4 ? new DataView(payload.buffer, payload.byteOffset).getUint32(0) : -1
    if (frame[3] === 0) {
      this.counts.aborts++
      line.send(ascii('K'))
      this.toConsole(line, '')
    } else if (frame[3] === 1 && payload.length >= 4) this.store(address, payload.subarray(4), line)
    else if (frame[3] === 2 && payload.length >= 4) {
      this.jumpedTo = address
      this.state = 'running'
      line.send(ascii(`KExecuting booted program at 0x${address.toString(16)}\n\n`))
    } else {
      line.send(ascii('U'))
      this.fail(line)
    }
  }

  private store(address: number, data: Uint8Array, line: PeerLine): void {
    this.failures = 0
    const at = address - this.ramBase
    if (at >= 0 && at + data.length <= this.ram.length) {
      this.ram.set(data, at)
      return line.send(ascii('K'), 0.2)
    }
    this.counts.outside++
    line.send(ascii(`Error: boot load address 0x${address.toString(16)} is outside writable memory\nE`))
    this.fail(line)
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
