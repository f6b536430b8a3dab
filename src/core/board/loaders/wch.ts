import { formatHex } from '../../../shared/units'
import { AppError } from '../../../shared/errors'
import { asciiBytes } from '../../binary/bytes'
import type { Conversation } from '../conversation'
import { type ResetLines, setBootLines } from './bootLines'
import { awaitRom, checkFlashSegments, type FlashRange } from './flashRom'
import { createReceiver, type Part, type Receiver } from './receiver'
import type { Segment } from './sfl'

/** What is written into flash over the ROM of a CH32V30x. */
export interface WchOptions {
  segments: readonly Segment[]
  /** Whether the chip is reset when everything is written and verified. */
  start: boolean
  /** Flash that the chip has; segments outside are refused before anything is sent. */
  flash: FlashRange
  /** Modem lines that lead to NRST and BOOT0; default none: the chip is in its loader. */
  resetLines?: ResetLines
  /** How long the ROM may stay silent before the load is given up, ms. */
  promptTimeoutMs?: number
}

/** What a transfer to the ROM found and wrote. */
export interface WchResult {
  chip: string
  /** Of the loader in ROM, e.g. "2.60". */
  version: string
  loadedBytes: number
  /** Whether the ROM confirmed its end; false also where it restarted without a reply. */
  started: boolean
}

/** Commands of the loader (public tools such as wchisp). */
const wch = {
  identify: 0xa1,
  end: 0xa2,
  key: 0xa3,
  erase: 0xa4,
  program: 0xa5,
  verify: 0xa6,
  readConfig: 0xa7
} as const

/** Series number of CH32V30x in the reply to identify. */
const seriesCh32v30x = 0x17
/** Most data of one command, bytes. */
const blockBytes = 56
/** The ROM takes whole groups of the key's eight bytes. */
const groupBytes = 8
/** Erased at once, and the fewest that this series erases. */
const sectorBytes = 1024
const minSectors = 8
const replyMs = 1_000
const identifyReplyMs = 250
const eraseMs = 8_000
const triesPerCommand = 3
/** In the option bytes: flash can be read and written. */
const unprotected = 0xa5

/**
 * Writes an image into flash through the UART loader in the ROM of a CH32V30x (BOOT0 high and BOOT1 low at a reset, by hand or
 * by modem lines; USART1), verifies it, and resets the chip. Flash is erased from its start to the end of the image.
 *
 * @throws board.addressRange before anything is sent; loader.noPrompt; input.unsupported for another series; loader.rejected, with what
 *   protection means; board.crcMismatch when flash does not hold what was sent
 */
export function* wchLoad(options: WchOptions): Conversation<WchResult> {
  const { segments, start, flash, resetLines = 'none' } = options
  checkFlashSegments(flash, segments)
  const rom = new WchRom(createReceiver())
  let found: Pick<WchResult, 'chip' | 'version'>
  try {
    yield* setBootLines(resetLines, 'enter')
    found = yield* writeAll(rom, options)
  } finally {
    // Before the end of the loader: it resets the chip.
    yield* setBootLines(resetLines, 'leave')
  }
  const started = start && (yield* rom.end())
  const loadedBytes = segments.reduce((sum, segment) => sum + segment.bytes.length, 0)
  return { ...found, loadedBytes, started }
}

/** Finds the ROM, erases, writes and verifies. */
function* writeAll(
  rom: WchRom,
  { segments, flash, promptTimeoutMs = 10_000 }: WchOptions
): Part<Pick<WchResult, 'chip' | 'version'>> {
  const { chipId, series } = yield* rom.identify(promptTimeoutMs)
  if (series !== seriesCh32v30x)
    throw new AppError(
      'input.unsupported',
      `This ROM is in a chip of series ${formatHex(series)} (chip ${formatHex(chipId)}), not a CH32V30x.`,
      'Nothing was written. Use the vendor’s tool for this chip.'
    )
  const { uid, version } = yield* rom.config()
  const key = wchKey(uid, chipId)
  const bytes = joined(segments, flash.base)
  yield* rom.erase(Math.max(minSectors, Math.ceil(bytes.length / sectorBytes)))
  yield* rom.useKey(key)
  yield* rom.transfer(wch.program, bytes, key, 0)
  // What waits in the loader's page buffer is written when no more data comes.
  yield* rom.block(wch.program, bytes.length, new Uint8Array(0), key)
  yield* rom.useKey(key)
  yield* rom.transfer(wch.verify, bytes, key, bytes.length)
  return { chip: `CH32V30x ${formatHex(chipId)}`, version }
}

/** The sum of bytes, as a byte. */
const byteSum = (bytes: Iterable<number>): number => {
  let sum = 0
  for (const byte of bytes) sum = (sum + byte) & 0xff
  return sum
}

/** The key for a seed of zeros: the sum of the chip's number eight times, the last with the chip's kind on top. */
export function wchKey(uid: Uint8Array, chipId: number): Uint8Array {
  const sum = byteSum(uid)
  const key = new Uint8Array(8).fill(sum)
  key[7] = (sum + chipId) & 0xff
  return key
}

/** A request as it is sent: 57 AB, command, length, data, and the sum of all behind the 57 AB. */
export function wchRequest(command: number, data: Uint8Array): Uint8Array {
  const body = Uint8Array.of(command, data.length & 0xff, data.length >> 8, ...data)
  const sum = byteSum(body)
  return Uint8Array.of(0x57, 0xab, ...body, sum)
}

class WchRom {
  constructor(private readonly receiver: Receiver) {}

  *identify(silentMs: number): Part<{ chipId: number; series: number }> {
    const found = yield* awaitRom(() => this.askIdentity(), silentMs, identifyReplyMs)
    if (found !== null) return found
    throw new AppError(
      'loader.noPrompt',
      `No ROM of a CH32V30x replied; received ${this.receiver.lastSeen()}.`,
      'Set BOOT0 high and BOOT1 low and press RESET. The ROM listens on USART1 (PA9, PA10) for a short time only: try again at once. Over USB, which Bitbench does not speak, wchisp writes the file (wchisp flash FILE).'
    )
  }

  private *askIdentity(): Part<{ chipId: number; series: number } | null> {
    const data = Uint8Array.of(0, 0, ...asciiBytes('MCU ISP & WCH.CN'))
    const reply = yield* this.exchange(wch.identify, data, identifyReplyMs)
    return reply !== null && reply.length >= 2 ? { chipId: reply[0], series: reply[1] } : null
  }

  /** Number of the chip and version of the loader. @throws loader.rejected where flash is protected */
  *config(): Part<{ uid: Uint8Array; version: string }> {
    const reply = yield* this.request('its option bytes', wch.readConfig, Uint8Array.of(0x1f, 0))
    if (reply.length < 26) throw malformed('its option bytes', reply)
    if (reply[2] !== unprotected)
      throw new AppError(
        'loader.rejected',
        `The flash of this chip is protected (option byte RDPR is ${formatHex(reply[2])}).`,
        'Nothing was written. Take the protection off with the vendor’s tool, which erases the chip.'
      )
    const hex = (byte: number): string => byte.toString(16)
    return { version: `${hex(reply[15])}.${hex(reply[16])}${hex(reply[17])}`, uid: reply.slice(18, 26) }
  }

  /** Agrees on the key that data is exclusive-ored with. */
  *useKey(key: Uint8Array): Part<void> {
    const reply = yield* this.request('its key', wch.key, new Uint8Array(30))
    const sum = byteSum(key)
    if (reply[0] !== sum) throw malformed('its key', reply)
  }

  *erase(sectors: number): Part<void> {
    const reply = yield* this.request(
      `an erase of ${sectors} KiB`,
      wch.erase,
      Uint8Array.of(sectors & 0xff, (sectors >> 8) & 0xff, 0, 0),
      eraseMs
    )
    if (reply[0] !== 0) throw refused(`an erase of ${sectors} KiB`, reply[0])
  }

  *transfer(
    command: typeof wch.program | typeof wch.verify,
    bytes: Uint8Array,
    key: Uint8Array,
    doneBefore: number
  ): Part<void> {
    for (let at = 0; at < bytes.length; at += blockBytes) {
      yield* this.block(command, at, bytes.subarray(at, at + blockBytes), key)
      yield {
        kind: 'progress',
        // Written is half of it, verified the other.
        doneBytes: Math.floor((doneBefore + Math.min(bytes.length, at + blockBytes)) / 2),
        totalBytes: bytes.length,
        note: command === wch.program ? 'writing' : 'verifying'
      }
    }
  }

  /** One block at an offset from the start of flash, eight bytes of key over and over. */
  *block(
    command: typeof wch.program | typeof wch.verify,
    offset: number,
    bytes: Uint8Array,
    key: Uint8Array
  ): Part<void> {
    const address = [0, 8, 16, 24].map((by) => (offset >>> by) & 0xff)
    const what = `${command === wch.program ? 'a write' : 'a check'} at offset ${formatHex(offset)}`
    const data = Uint8Array.of(...address, 0, ...bytes.map((byte, index) => byte ^ key[index & 7]))
    const reply = yield* this.request(what, command, data)
    if (reply[0] === 0) return
    if (command === wch.program) throw refused(what, reply[0])
    throw new AppError(
      'board.crcMismatch',
      `Flash at offset ${formatHex(offset)} is not what was written there.`,
      'Write it again; a page that stays wrong is worn out or protected.'
    )
  }

  /** Ends the loader; the chip restarts, some ROMs without a reply. Sent once: the next bytes are the program's. */
  *end(): Part<boolean> {
    return (yield* this.exchange(wch.end, Uint8Array.of(1), replyMs)) !== null
  }

  private *request(what: string, command: number, data: Uint8Array, silentMs = replyMs): Part<Uint8Array> {
    for (let tries = 1; ; tries++) {
      const reply = yield* this.exchange(command, data, silentMs)
      if (reply !== null) return reply
      if (tries === triesPerCommand)
        throw new AppError(
          'loader.rejected',
          `The ROM did not reply to ${what}; received ${this.receiver.lastSeen()}.`,
          'Reset the chip with BOOT0 high and try again; if it stays, check the cable.'
        )
    }
  }

  /** Returns the data of the reply to a command; null after silence or a damaged reply. */
  private *exchange(command: number, data: Uint8Array, silentMs: number): Part<Uint8Array | null> {
    yield* this.receiver.discard()
    yield { kind: 'send', bytes: wchRequest(command, data) }
    for (let previous = 0, skipped = 0; skipped < 256; skipped++) {
      const byte = yield* this.receiver.byte(silentMs)
      if (byte === null) return null
      if (previous === 0x55 && byte === 0xaa) return yield* this.reply(command, silentMs)
      previous = byte
    }
    return null
  }

  private *reply(command: number, silentMs: number): Part<Uint8Array | null> {
    const head: number[] = []
    const take = function* (receiver: Receiver, count: number): Part<boolean> {
      for (; count > 0; count--) {
        const byte = yield* receiver.byte(silentMs)
        if (byte === null) return false
        head.push(byte)
      }
      return true
    }
    if (!(yield* take(this.receiver, 4))) return null
    const length = head[2] | (head[3] << 8)
    if (length > 256 || !(yield* take(this.receiver, length + 1))) return null
    const sum = byteSum(head.slice(0, -1))
    return sum === head[head.length - 1] && head[0] === command ? Uint8Array.from(head.slice(4, -1)) : null
  }
}

/** Segments as one block of whole groups from the start of flash; what lies between and behind is erased flash. */
function joined(segments: readonly Segment[], base: number): Uint8Array {
  const end = Math.max(0, ...segments.map(({ address, bytes }) => address - base + bytes.length))
  const all = new Uint8Array(Math.ceil(end / groupBytes) * groupBytes).fill(0xff)
  for (const { address, bytes } of segments) all.set(bytes, address - base)
  return all
}

const refused = (what: string, code: number): AppError =>
  new AppError(
    'loader.rejected',
    `The ROM refused ${what} with ${formatHex(code)}.`,
    'Reset the chip with BOOT0 high and load again.',
    { details: { code } }
  )

const malformed = (what: string, reply: Uint8Array): AppError =>
  new AppError(
    'loader.rejected',
    `The ROM replied to the request for ${what} with ${reply.length} bytes that make no sense here.`,
    'Reset the chip with BOOT0 high and load again.'
  )
