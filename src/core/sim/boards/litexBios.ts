import { formatHex32 } from '@shared/units'
import { crc16 } from '../../binary/crc16'

/** What the BIOS may do to its SoC. */
export interface BiosHost {
  /** Writes main RAM; false where there is none. */
  store(address: number, bytes: Uint8Array): boolean
  /** Starts a program; the BIOS is out of the picture from then on. */
  jump(address: number): void
}

/** Protocol texts of LiteX's serial boot (litex/soc/software/include/boot: sfl.h). */
const magicRequest = 'sL5DdSMmkekro\n'
const magicAnswer = 'z6IHG7cYDID6o\n'
/** How long the BIOS waits for the reply to its request, and for the next byte in its loader. */
const replyMs = 250
/** Failures in a row after which it leaves its loader. */
const maxFailures = 256
/** Coloured, as LiteX's is. */
const prompt = '\n\x1b[92;1mlitex\x1b[0m> '

/**
 * The serial boot of the LiteX BIOS, as the boot ROM of a virtual SoC: a menu at power-on, a console with `serialboot` and
 * `reboot`, SFL frames into main RAM, and the jump. A model of what it does, not its machine code: what it has loaded is machine code.
 */
export class LitexBios {
  private state: 'asking' | 'console' | 'loading' | 'gone' = 'console'
  private said: number[] = []
  private text = ''
  private frame: number[] = []
  private sinceMs = 0
  private failures = 0

  constructor(private readonly host: BiosHost) {}

  /** False once a program runs. */
  get isInCharge(): boolean {
    return this.state !== 'gone'
  }

  powerOn(nowMs: number): void {
    this.said = []
    this.print('\n        LiteX (virtual) BIOS\n--=============== Boot ===============--\n')
    this.print('Booting from serial...\nPress Q or ESC to abort boot completely.\n')
    this.ask(nowMs)
  }

  /** Takes what it has printed. */
  take(): Uint8Array {
    const bytes = Uint8Array.from(this.said)
    this.said = []
    return bytes
  }

  /** Time-outs. In its loader it sends `E` after each 250 ms of silence, frame or no frame. */
  tick(nowMs: number): void {
    if (this.state === 'asking' && nowMs - this.sinceMs > replyMs) this.toConsole('Timeout\n')
    while (this.state === 'loading' && nowMs - this.sinceMs > replyMs) {
      this.sinceMs += replyMs
      this.frame = []
      this.refuse('E')
    }
  }

  /** Takes received bytes; returns how many of them were for the BIOS: the rest is for the program it started. */
  hear(bytes: Uint8Array, nowMs: number): number {
    this.tick(nowMs)
    for (let at = 0; at < bytes.length; at++) {
      if (!this.isInCharge) return at
      this.byte(bytes[at], nowMs)
    }
    return bytes.length
  }

  private byte(byte: number, nowMs: number): void {
    if (this.state === 'console') return this.typed(byte, nowMs)
    if (this.state === 'asking') {
      this.text += String.fromCharCode(byte)
      if (this.text.endsWith(magicAnswer)) {
        this.state = 'loading'
        this.frame = []
        this.failures = 0
        this.sinceMs = nowMs
      } else if (byte === 0x51 || byte === 0x1b) this.toConsole('Cancelled\n')
      return
    }
    this.sinceMs = nowMs
    this.frame.push(byte)
    if (this.frame.length >= 4 && this.frame.length === 4 + this.frame[0]) {
      const frame = Uint8Array.from(this.frame)
      this.frame = []
      this.execute(frame)
    }
  }

  private typed(byte: number, nowMs: number): void {
    if (byte !== 0x0a && byte !== 0x0d) {
      this.said.push(byte)
      this.text += String.fromCharCode(byte)
      return
    }
    const line = this.text.trim()
    this.text = ''
    if (line === 'serialboot') {
      this.print('\nBooting from serial...\nPress Q or ESC to abort boot completely.\n')
      this.ask(nowMs)
    } else if (line === 'reboot') this.powerOn(nowMs)
    else this.print(line === '' ? prompt : `\nCommand not found${prompt}`)
  }

  /** Length, CRC-16 of what follows it (big-endian), command, payload; the reply is one byte. */
  private execute(frame: Uint8Array): void {
    const view = new DataView(frame.buffer)
    if (crc16(frame, 3) !== view.getUint16(1)) return this.refuse('C')
    const [command, payload] = [frame[3], frame.subarray(4)]
    if (command === 0x00) {
      this.print('K')
      this.toConsole('')
    } else if (command === 0x01 && payload.length > 4) {
      if (!this.host.store(view.getUint32(4), payload.subarray(4))) return this.refuse('E')
      this.failures = 0
      this.print('K')
    } else if (command === 0x02 && payload.length === 4) {
      const address = view.getUint32(4)
      this.print(`KExecuting booted program at ${formatHex32(address)}\n\n`)
      this.state = 'gone'
      this.host.jump(address)
    } else this.refuse('U')
  }

  private refuse(reply: 'C' | 'E' | 'U'): void {
    this.print(reply)
    if (++this.failures === maxFailures) this.toConsole('Too many consecutive errors, aborting\n')
  }

  private ask(nowMs: number): void {
    this.state = 'asking'
    this.sinceMs = nowMs
    this.text = ''
    this.print(magicRequest)
  }

  private toConsole(remark: string): void {
    this.state = 'console'
    this.text = ''
    this.print(remark + prompt)
  }

  private print(text: string): void {
    for (let at = 0; at < text.length; at++) this.said.push(text.charCodeAt(at))
  }
}
