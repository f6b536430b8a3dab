import { formatHex } from '../../../shared/units'
import { AppError } from '../../../shared/errors'
import { type EspChip, espChipById, espChipByMagic, espMagicAddress, type LoadableEsp } from './espChips'
import {
  espCommand,
  espError,
  espErrorText,
  espRequest,
  type EspResponse,
  espSync,
  espWords,
  readEspResponse
} from './espFrame'
import { type EspChipName, espWatchdogStops } from '../description/espBoards'
import { espReset, type EspResetName } from './espReset'
import type { Part, Receiver } from './receiver'
import { SlipDecoder } from './slip'

/** Silence after which a request is taken for lost, ms. */
const replyMs = 3_000
/** Silence after a SYNC, ms: eight replies to one take a hundredth of a second. */
const syncReplyMs = 100
/** SYNCs before the next way of resetting is tried. */
const syncsPerReset = 5
/** Silence that shows that all replies to a SYNC have come, ms. */
const syncQuietMs = 50
/** Packets and bytes that are read before a request is given up: a ROM never sends more in between. */
const maxPackets = 100
const maxBytes = 64 * 1024
/** End of what a ROM prints in download mode, and the beginning of what it prints in every mode. */
export const espWaiting = 'waiting for download'
/** Bit of the flags of GET_SECURITY_INFO: memory can be neither read nor written. */
const secureDownload = 1 << 2

/** The chip that a ROM says it is in. */
export interface EspIdentity {
  chip: LoadableEsp
  /** Whether the line is the chip's own USB-Serial-JTAG, not a UART. */
  isUsb: boolean
}

/** What the ROM keeps of the line in use where that is USB-Serial-JTAG. */
const usbLine = 3
/** From this revision on, the ROM of the ESP32-C3 keeps it elsewhere. */
const c3Moved = 101
/** eFuse words of the ESP32-C3 that hold its revision. */
const c3Revision = { low: 0x6000_8850, high: 0x6000_8858 } as const

/** The serial loader of a ROM at the other end of a line. */
export class EspRom {
  /** Speed that the ROM expects, baud. */
  baudRate: number

  constructor(
    private readonly receiver: Receiver,
    baudRate: number
  ) {
    this.baudRate = baudRate
  }

  /**
   * Sends SYNC until the ROM replies: first as the chip is, then behind each of the resets in turn.
   *
   * @throws loader.noPrompt after `silentMs` without a reply, with what came instead
   */
  *synchronise(resets: readonly EspResetName[], silentMs: number): Part<EspResetName> {
    const order: readonly EspResetName[] = ['none', ...resets.filter((name) => name !== 'none')]
    const rounds = Math.max(order.length, Math.ceil(silentMs / (syncsPerReset * syncReplyMs)))
    let text = ''
    for (let round = 0; round < rounds; round++) {
      // Where no reset helps, a button is waited for: SYNC alone, between further resets.
      const reset = order[round % order.length]
      yield* espReset(reset)
      for (let count = 0; count < syncsPerReset; count++) {
        yield { kind: 'send', bytes: espSync() }
        const reply = yield* this.response(espCommand.sync, syncReplyMs, (byte) => {
          text = (text + String.fromCharCode(byte)).slice(-2_000)
        })
        if (reply === null) continue
        // Each SYNC is replied to eight times.
        yield* this.receiver.drain(syncQuietMs)
        return reset
      }
      if (round === order.length - 1)
        yield { kind: 'progress', doneBytes: 0, totalBytes: 0, note: 'no reply of the ROM yet' }
    }
    throw noReply(text, this.receiver)
  }

  /** @throws input.unsupported for a chip that is not known or whose loader is locked; what `request` throws */
  *identify(): Part<EspIdentity> {
    const reply = yield* this.exchange(espCommand.securityInfo, new Uint8Array(0))
    const chip =
      reply !== null && reply.error === null && reply.data.length >= 16
        ? chipOfSecurityInfo(reply.data)
        : yield* this.byMagicWord()
    const { map } = chip
    if (map !== null) return { chip: { ...chip, map }, isUsb: yield* this.isUsb(map) }
    throw new AppError(
      'input.unsupported',
      `This is an ${chip.name}; RAM is loaded on ESP32-C3 and ESP32-C6 alone.`,
      'Nothing was loaded. Use Espressif’s own tools for this chip.'
    )
  }

  /** Stops what resets the chip while it is loaded over its own USB, where the ROM leaves the watchdogs on. @throws loader.rejected */
  *stopWatchdogs({ map }: LoadableEsp): Part<void> {
    for (const { address, value } of espWatchdogStops(map))
      yield* this.request(
        'a stop of a watchdog',
        espCommand.writeRegister,
        espWords([address, value, 0xffff_ffff, 0])
      )
  }

  /**
   * Sends a request and waits for its response.
   *
   * @param what what the request does, for messages
   * @throws loader.rejected when the ROM refuses it, or says nothing
   */
  *request(what: string, command: number, data: Uint8Array): Part<EspResponse> {
    const reply = yield* this.exchange(command, data)
    if (reply === null) throw this.silent(what)
    if (reply.error !== null) throw this.refused(what, reply.error)
    return reply
  }

  /** Sends one request; null when no response came. */
  *exchange(command: number, data: Uint8Array, checksum = 0, silentMs = replyMs): Part<EspResponse | null> {
    const frame = espRequest(command, data, checksum)
    yield { kind: 'send', bytes: frame }
    // A send is over when the port has taken the bytes, not when the line has carried them.
    return yield* this.response(command, silentMs + (frame.length * 10_000) / this.baudRate)
  }

  /** Changes the speed of the line on both sides. @throws loader.rejected */
  *changeBaudRate(baudRate: number): Part<void> {
    yield* this.request('another speed', espCommand.changeBaudRate, espWords([baudRate, 0]))
    yield { kind: 'setBaud', baudRate }
    this.baudRate = baudRate
    // What the change itself puts on the line is no packet.
    yield* this.receiver.drain(syncQuietMs)
  }

  silent(what: string): AppError {
    return new AppError(
      'loader.rejected',
      `The ROM did not reply to ${what}; received ${this.receiver.lastSeen()}.`,
      'Hold BOOT, press RESET, release BOOT, and load again; if it stays, lower the baud rate or change the cable.'
    )
  }

  refused(what: string, error: number): AppError {
    return new AppError(
      'loader.rejected',
      `The ROM refused ${what}: ${espErrorText(error)}.`,
      'Reset the chip into its download mode (hold BOOT, press RESET) and load again.',
      { details: { error } }
    )
  }

  /** The next response to a command, or an error about a message that is not known; null after silence. */
  private *response(
    command: number,
    silentMs: number,
    onByte: (byte: number) => void = () => undefined
  ): Part<EspResponse | null> {
    const decoder = new SlipDecoder()
    for (let packets = 0, bytes = 0; packets < maxPackets && bytes < maxBytes; bytes++) {
      const byte = yield* this.receiver.byte(silentMs)
      if (byte === null) return null
      onByte(byte)
      const packet = decoder.push(byte)
      if (packet === null) continue
      packets++
      const reply = readEspResponse(packet)
      if (reply === null) continue
      // Late replies to SYNC are passed over.
      if (reply.command === command) return reply
      if (reply.error === espError.invalidMessage) return { ...reply, command }
    }
    return null
  }

  private *read(address: number, what = `a read of ${formatHex(address)}`): Part<number> {
    return (yield* this.request(what, espCommand.readRegister, espWords([address]))).value
  }

  /** A variable of the ROM says which line it uses. */
  private *isUsb(map: EspChipName): Part<boolean> {
    if (map === 'c6') return ((yield* this.read(0x4087_f580)) & 0xff) === usbLine
    const low = yield* this.read(c3Revision.low)
    const high = yield* this.read(c3Revision.high)
    const revision = ((high >>> 24) & 3) * 100 + ((((high >>> 23) & 1) << 3) | ((low >>> 18) & 7))
    return ((yield* this.read(revision < c3Moved ? 0x3fcd_f07c : 0x3fcd_f078)) & 0xff) === usbLine
  }

  private *byMagicWord(): Part<EspChip> {
    // A message that is not known is replied to several times.
    yield* this.receiver.drain(syncQuietMs)
    const value = yield* this.read(espMagicAddress, 'a read of its identity')
    const chip = espChipByMagic(value)
    if (chip !== null) return chip
    throw new AppError(
      'input.unsupported',
      `The word at ${formatHex(espMagicAddress)} is ${formatHex(value)}: no chip that is known here.`,
      'Nothing was loaded. ESP32-C3 and ESP32-C6 are known.'
    )
  }
}

/** The chip that a reply to GET_SECURITY_INFO names. @throws input.unsupported for one that is locked or not known */
function chipOfSecurityInfo(data: Uint8Array): EspChip {
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  if ((view.getUint32(0, true) & secureDownload) !== 0)
    throw new AppError(
      'input.unsupported',
      'This chip is in secure download mode: its ROM loads nothing into RAM.',
      'Nothing was sent. The mode is a fuse and cannot be undone; use another chip.'
    )
  const chipId = view.getUint32(12, true)
  const chip = espChipById(chipId)
  if (chip !== null) return chip
  throw new AppError(
    'input.unsupported',
    `The ROM says chip number ${chipId}, which is not known here.`,
    'Nothing was loaded. ESP32-C3 (5) and ESP32-C6 (13) are known.'
  )
}

/** What was received while no SYNC was replied to decides what to do. */
function noReply(text: string, receiver: Receiver): AppError {
  const seen = receiver.lastSeen()
  if (text.includes(espWaiting))
    return new AppError(
      'loader.noPrompt',
      'The chip is in download mode, but its ROM does not reply: what is sent does not reach it.',
      'Check the wire from TX of the bridge to RX of the chip; boards with two USB sockets listen on one of them.'
    )
  const mode = /boot:(0x[0-9a-f]+) \(([A-Z_]+)/.exec(text)
  if (mode !== null)
    return new AppError(
      'loader.noPrompt',
      `The chip started the program in its flash (boot mode ${mode[1]}, ${mode[2]}), not its loader.`,
      'Hold BOOT (IO9 low), press and release RESET, then release BOOT, while this waits.'
    )
  return new AppError(
    'loader.noPrompt',
    `No ROM of an ESP32 replied; received ${seen}.`,
    'Hold BOOT (IO9 low), press and release RESET, then release BOOT, while this waits; check port and cable.'
  )
}
