import { formatHex } from '../../../shared/units'
import { AppError } from '../../../shared/errors'
import type { Conversation } from '../conversation'
import { type ResetLines, setBootLines } from './bootLines'
import { awaitRom, checkFlashSegments, type FlashRange } from './flashRom'
import { createReceiver, type Part, type Receiver } from './receiver'
import type { Segment } from './sfl'

/** What is written into flash over the ROM of a GD32VF103. */
export interface StmOptions {
  segments: readonly Segment[]
  /** Where to start when everything is written and read back; null: the ROM stays in its loader. */
  entry: number | null
  /** Flash that the chip has; segments outside are refused before anything is sent. */
  flash: FlashRange
  /** Modem lines that lead to NRST and BOOT0; default none: the chip is in its loader. */
  resetLines?: ResetLines
  /** How long the ROM may stay silent before the load is given up, ms. */
  promptTimeoutMs?: number
}

/** What a transfer to the ROM found and wrote. */
export interface StmResult {
  /** Of the loader in ROM, e.g. "2.2". */
  version: string
  chipId: number
  erasedPages: number
  loadedBytes: number
  started: boolean
}

/** Bytes of the protocol (AN3155 of ST; GigaDevice's ROM speaks it too). */
const stm = {
  sync: 0x7f,
  ack: 0x79,
  nack: 0x1f,
  get: 0x00,
  getId: 0x02,
  read: 0x11,
  go: 0x21,
  write: 0x31,
  erase: 0x43,
  extendedErase: 0x44
} as const

/** Most data of one command, bytes. */
const blockBytes = 256
const replyMs = 1_000
/** An erase of every page of 128 KiB takes some seconds. */
const eraseMs = 30_000
const syncReplyMs = 200
/** What is erased at once, bytes. */
const pageBytes = 1024
/** Pages named in one erase. */
const erasedAtOnce = 64

/**
 * Writes an image into flash through the USART loader in the ROM of a GD32VF103, reads it back and starts it. The line has even parity
 * meanwhile. The chip must be in its loader (BOOT0 high, BOOT1 low, then a reset), or modem lines take it there and back.
 *
 * Pages that the image touches are erased, no others.
 *
 * @throws board.addressRange before anything is sent; loader.noPrompt; loader.rejected, with what read protection means;
 *   board.crcMismatch when flash reads back otherwise
 */
export function* stmLoad(options: StmOptions): Conversation<StmResult> {
  const { segments, entry, flash, resetLines = 'none', promptTimeoutMs = 10_000 } = options
  checkFlashSegments(flash, segments)
  const rom = new StmRom(createReceiver())
  yield { kind: 'setParity', parity: 'even' }
  try {
    yield* setBootLines(resetLines, 'enter')
    yield* rom.synchronise(promptTimeoutMs)
    const { version, commands } = yield* rom.commands()
    const chipId = yield* rom.chipId()
    const pages = pagesOf(segments, flash.base)
    yield* rom.erase(pages, commands.includes(stm.extendedErase))
    const totalBytes = segments.reduce((sum, { bytes }) => sum + bytes.length, 0)
    let doneBytes = 0
    for (const { address, bytes } of segments)
      for (let at = 0; at < bytes.length; at += blockBytes) {
        const block = bytes.subarray(at, at + blockBytes)
        yield* rom.write(address + at, block)
        const back = yield* rom.read(address + at, block.length)
        if (back.some((byte, index) => byte !== block[index])) throw readsOtherwise(address + at)
        doneBytes += block.length
        yield { kind: 'progress', doneBytes, totalBytes, note: 'writing and reading back' }
      }
    if (entry !== null) yield* rom.go(entry)
    return { version, chipId, erasedPages: pages.length, loadedBytes: totalBytes, started: entry !== null }
  } finally {
    yield* setBootLines(resetLines, 'leave')
    yield { kind: 'setParity', parity: 'none' }
  }
}

/** Numbers of the pages that segments touch, in order. */
function pagesOf(segments: readonly Segment[], base: number): number[] {
  const pages = new Set<number>()
  for (const { address, bytes } of segments)
    for (
      let page = Math.floor((address - base) / pageBytes);
      page * pageBytes < address - base + bytes.length;
      page++
    )
      pages.add(page)
  return [...pages].sort((a, b) => a - b)
}

class StmRom {
  constructor(private readonly receiver: Receiver) {}

  /** 7F until the ROM, which learns the speed from it, acknowledges; a ROM that knew the speed already refuses it. */
  *synchronise(silentMs: number): Part<void> {
    const found = yield* awaitRom(() => this.sync(), silentMs, syncReplyMs)
    if (found !== null) return
    throw new AppError(
      'loader.noPrompt',
      `No ROM of a GD32VF103 replied; received ${this.receiver.lastSeen()}.`,
      'Set BOOT0 high and BOOT1 low, press RESET, and try again: hold BOOT0, press and release RESET. A line behind telnet:// or tcp:// must have even parity at its server; over rfc2217:// it is set from here.'
    )
  }

  private *sync(): Part<true | null> {
    yield* this.receiver.discard()
    yield { kind: 'send', bytes: Uint8Array.of(stm.sync) }
    const reply = yield* this.receiver.byte(syncReplyMs)
    if (reply !== stm.ack && reply !== stm.nack) return null
    yield* this.receiver.drain(20)
    return true
  }

  *commands(): Part<{ version: string; commands: number[] }> {
    yield* this.command('the list of its commands', stm.get)
    const count = yield* this.value()
    const version = yield* this.value()
    const commands: number[] = []
    for (let index = 0; index < count; index++) commands.push(yield* this.value())
    yield* this.acknowledged('the list of its commands')
    return { version: `${version >> 4}.${version & 15}`, commands }
  }

  *chipId(): Part<number> {
    yield* this.command('its chip number', stm.getId)
    let id = 0
    for (let left = (yield* this.value()) + 1; left > 0; left--) id = (id << 8) | (yield* this.value())
    yield* this.acknowledged('its chip number')
    return id
  }

  *erase(pages: readonly number[], isExtended: boolean): Part<void> {
    for (let from = 0; from < pages.length; from += erasedAtOnce) {
      const some = pages.slice(from, from + erasedAtOnce)
      const what = `an erase of pages ${some[0]} to ${some[some.length - 1]}`
      yield* this.command(what, isExtended ? stm.extendedErase : stm.erase)
      const numbers = isExtended
        ? [some.length - 1, ...some].flatMap((word) => [word >> 8, word & 0xff])
        : [some.length - 1, ...some]
      yield* this.checked(what, numbers, eraseMs)
    }
  }

  *write(address: number, bytes: Uint8Array): Part<void> {
    const what = `a write at ${formatHex(address)}`
    yield* this.command(what, stm.write)
    yield* this.checked(what, addressBytes(address))
    // Whole words are written: what is behind the end stays erased.
    const padded = [...bytes, ...new Array<number>(-bytes.length & 3).fill(0xff)]
    yield* this.checked(what, [padded.length - 1, ...padded])
  }

  *read(address: number, length: number): Part<Uint8Array> {
    const what = `a read at ${formatHex(address)}`
    yield* this.command(what, stm.read)
    yield* this.checked(what, addressBytes(address))
    yield { kind: 'send', bytes: Uint8Array.of(length - 1, (length - 1) ^ 0xff) }
    yield* this.acknowledged(what)
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at++) bytes[at] = yield* this.value()
    return bytes
  }

  *go(entry: number): Part<void> {
    const what = `the start at ${formatHex(entry)}`
    yield* this.command(what, stm.go)
    yield* this.checked(what, addressBytes(entry))
  }

  /** A command and its complement. */
  private *command(what: string, code: number): Part<void> {
    yield { kind: 'send', bytes: Uint8Array.of(code, code ^ 0xff) }
    yield* this.acknowledged(what)
  }

  /** Bytes and the XOR of all of them. */
  private *checked(what: string, bytes: readonly number[], silentMs = replyMs): Part<void> {
    yield {
      kind: 'send',
      bytes: Uint8Array.of(
        ...bytes,
        bytes.reduce((sum, byte) => sum ^ byte, 0)
      )
    }
    yield* this.acknowledged(what, silentMs)
  }

  private *acknowledged(what: string, silentMs = replyMs): Part<void> {
    const reply = yield* this.receiver.byte(silentMs)
    if (reply === stm.ack) return
    if (reply === stm.nack)
      throw new AppError(
        'loader.rejected',
        `The ROM refused ${what}.`,
        'Where reads and writes are refused, the flash is protected (option byte SPC): take the protection off with the vendor’s tool or OpenOCD, which erases the chip.'
      )
    throw new AppError(
      'loader.rejected',
      reply === null
        ? `The ROM did not reply to ${what}.`
        : `The ROM replied ${formatHex(reply)} to ${what}; expected was 0x79.`,
      'Reset the chip with BOOT0 high and try again; if it stays, check the cable, and that the line carries even parity.'
    )
  }

  private *value(): Part<number> {
    const byte = yield* this.receiver.byte(replyMs)
    if (byte !== null) return byte
    throw new AppError(
      'loader.rejected',
      `The ROM stopped in the middle of a reply; received ${this.receiver.lastSeen()}.`,
      'Reset the chip with BOOT0 high and try again.'
    )
  }
}

/** Most significant byte first, as nothing else here. */
const addressBytes = (address: number): number[] => [24, 16, 8, 0].map((by) => (address >>> by) & 0xff)

const readsOtherwise = (address: number): AppError =>
  new AppError(
    'board.crcMismatch',
    `Flash at ${formatHex(address)} reads back otherwise than it was written.`,
    'Write it again; a page that stays wrong is worn out or protected.'
  )
