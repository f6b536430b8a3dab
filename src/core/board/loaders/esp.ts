import { formatHex } from '../../../shared/units'
import { AppError } from '../../../shared/errors'
import type { Conversation } from '../conversation'
import type { EspChip } from './espChips'
import { espBlockBytes, espChecksum, espCommand, espError, espWords } from './espFrame'
import { type EspResetName, espResetNames } from './espReset'
import { type EspIdentity, EspRom } from './espRom'
import { createReceiver, isStopped, type Part } from './receiver'
import type { Segment } from './sfl'

/** What is loaded into RAM over the ROM of an ESP32-C3 or ESP32-C6. */
export interface EspOptions {
  segments: readonly Segment[]
  /** Where to start when everything is loaded; null: the ROM stays in its loader. */
  entry: number | null
  /** Speed of the line when the ROM begins, and again when the program starts, baud. */
  baudRate?: number
  /** Speed of the transfer, baud; null: the same. */
  transferBaudRate?: number | null
}

/** What a transfer to a ROM found and sent. */
export interface EspResult {
  chip: string
  /** How the chip got into its download mode. */
  reset: EspResetName
  loadedBytes: number
  /** Segments that were begun again. */
  repeatedSegments: number
  started: boolean
}

/** Speed at which a ROM begins, baud. */
const usualBaudRate = 115_200
/** How long the ROM may stay silent before it is given up, ms. */
const promptTimeoutMs = 10_000
/** Times that one segment is begun. */
const triesPerSegment = 4
/** The program that starts may use the UART before the ROM's reply has left it, ms. */
const startReplyMs = 200

/**
 * Loads an image into the RAM of an ESP32-C3 or ESP32-C6 through the serial loader in its ROM, and starts it.
 *
 * Every block carries a checksum of 8 bits, and the ROM reads nothing back: a CRC over the whole is the program's own business. A
 * segment whose block was refused or not replied to begins again.
 *
 * @throws loader.noPrompt when no ROM replies; input.unsupported for another chip; board.addressRange before anything is sent;
 *   loader.rejected; job.cancelled with the line at its first speed again
 */
export function* espLoad(options: EspOptions): Conversation<EspResult> {
  const { segments, entry, baudRate = usualBaudRate, transferBaudRate = null } = options
  const rom = new EspRom(createReceiver(), baudRate)
  const reset = yield* rom.synchronise(espResetNames, promptTimeoutMs)
  const { chip, isUsb } = yield* rom.identify()
  checkEspSegments(chip, segments)
  if (isUsb) yield* rom.stopWatchdogs(chip)
  const totalBytes = segments.reduce((sum, { bytes }) => sum + bytes.length, 0)
  let repeatedSegments = 0
  try {
    if (transferBaudRate !== null && transferBaudRate !== baudRate)
      yield* rom.changeBaudRate(transferBaudRate)
    let doneBytes = 0
    for (const segment of segments) {
      repeatedSegments += yield* loadSegment(rom, segment, doneBytes, totalBytes)
      doneBytes += segment.bytes.length
    }
    // The program finds the UART as the loader found it.
    if (rom.baudRate !== baudRate) yield* rom.changeBaudRate(baudRate)
  } catch (error) {
    if (isStopped(error)) yield* restoreBaudRate(rom, baudRate)
    throw error
  }
  if (entry !== null) yield* start(rom, entry)
  return { chip: chip.name, reset, loadedBytes: totalBytes, repeatedSegments, started: entry !== null }
}

/**
 * Finds the ROM of an ESP32-C3 or ESP32-C6, by modem lines where it does not reply by itself, and says which chip and which line.
 *
 * @throws loader.noPrompt, input.unsupported, loader.rejected
 */
export function* findEsp(): Conversation<EspIdentity> {
  const rom = new EspRom(createReceiver(), usualBaudRate)
  yield* rom.synchronise(espResetNames, promptTimeoutMs)
  return yield* rom.identify()
}

/** Sends one segment; returns how often it had to begin again. */
function* loadSegment(
  rom: EspRom,
  { address, bytes }: Segment,
  doneBefore: number,
  totalBytes: number
): Part<number> {
  const blocks = Math.ceil(bytes.length / espBlockBytes)
  for (let tries = 0; ; tries++) {
    const begin = espWords([bytes.length, blocks, espBlockBytes, address])
    yield* rom.request(`${bytes.length} bytes at ${formatHex(address)}`, espCommand.memBegin, begin)
    let failure: AppError | null = null
    for (let index = 0; index < blocks && failure === null; index++) {
      const block = bytes.subarray(index * espBlockBytes, (index + 1) * espBlockBytes)
      const data = espWords([block.length, index, 0, 0], block)
      const reply = yield* rom.exchange(espCommand.memData, data, espChecksum(block))
      const what = `block ${index + 1} of ${blocks} at ${formatHex(address)}`
      if (reply === null) failure = rom.silent(what)
      else if (reply.error === espError.checksum || reply.error === espError.invalidMessage)
        failure = rom.refused(what, reply.error)
      else if (reply.error !== null) throw rom.refused(what, reply.error)
      else
        yield {
          kind: 'progress',
          doneBytes: doneBefore + Math.min(bytes.length, (index + 1) * espBlockBytes),
          totalBytes,
          note: `${espBlockBytes}-byte blocks`
        }
    }
    if (failure === null) return tries
    if (tries + 1 >= triesPerSegment) throw failure
    // Without a reset: what is in RAM already stays.
    yield* rom.synchronise([], 2_000)
  }
}

function* start(rom: EspRom, entry: number): Part<void> {
  const reply = yield* rom.exchange(espCommand.memEnd, espWords([0, entry]), 0, startReplyMs)
  if (reply !== null && reply.error !== null)
    throw rom.refused(`the start at ${formatHex(entry)}`, reply.error)
}

/** Nothing is checked: it is also the way out when the line is bad. */
function* restoreBaudRate(rom: EspRom, baudRate: number): Part<void> {
  if (rom.baudRate === baudRate) return
  yield* rom.exchange(espCommand.changeBaudRate, espWords([baudRate, 0]), 0, startReplyMs)
  yield { kind: 'setBaud', baudRate }
}

/**
 * Refuses segments outside of the chip's RAM, or where the ROM itself works.
 *
 * @throws board.addressRange
 */
function checkEspSegments(chip: EspChip, segments: readonly Segment[]): void {
  for (const { address, bytes } of segments) {
    const end = address + bytes.length
    const fits = chip.ram.some((range) => address >= range.start && end <= range.end)
    const hit = chip.reserved.find((range) => address < range.end && end > range.start)
    if (fits && hit === undefined) continue
    const where = `${formatHex(address)} to ${formatHex(end)}`
    throw new AppError(
      'board.addressRange',
      hit === undefined
        ? `The image wants ${where}, which is not in RAM of the ${chip.name}.`
        : `The image wants ${where}; the ROM of the ${chip.name} works from ${formatHex(hit.start)} to ${formatHex(hit.end)} while it loads.`,
      `Nothing was sent. Link it into ${chip.ram.map(({ start, end: last }) => `${formatHex(start)} to ${formatHex(last)}`).join(' or ')}.`,
      { details: { address, sizeBytes: bytes.length } }
    )
  }
}
