import { AppError } from '../../../shared/errors'
import { asciiBytes } from '../../binary/bytes'
import { isStopped, type Part, type Receiver } from './receiver'
import type { ModemResult } from './xmodem'

/**
 * Kermit (F. da Cruz, Kermit Protocol Manual, 6th edition) for U-Boot's `loadb`, with short packets and a check of one character. No
 * control character is sent but the mark and the end of a packet: for consoles that lose zero bytes. U-Boot's driver of SiFive's UART
 * takes a zero for an empty FIFO, so YMODEM and XMODEM do not get through it.
 */

const mark = 0x01
const end = 0x0d
const quote = '#'.charCodeAt(0)
/** Three Ctrl-C in a row end `loadb` while it looks for a mark, and with the end before them in a packet. */
export const kermitCancelBytes = Uint8Array.of(end, 0x03, 0x03, 0x03)
/** Characters of a packet behind its length: sequence, type, data, check. */
const maxLength = 94
const maxData = maxLength - 3
const replyMs = 2_000
const maxTries = 10
const maxNoiseBytes = 4_096

/** 94 characters, 5 s, no padding, CR ends a packet, "#" quotes control characters, 8 bits as they are, one check character. */
const parameters = '~% @-#N1'

const char = (value: number): number => value + 32

/** One packet: mark, length, sequence, type, data, check, end. `data` is quoted already. */
export function kermitPacket(type: string, sequence: number, data: readonly number[]): Uint8Array {
  const body = [char(data.length + 3), char(sequence % 64), type.charCodeAt(0), ...data]
  return Uint8Array.of(mark, ...body, checkOf(body), end)
}

/** The check of one character: the sum, its two highest bits added to its lowest six. */
function checkOf(body: readonly number[]): number {
  const sum = body.reduce((total, byte) => total + byte, 0)
  return char((sum + ((sum & 0xc0) >> 6)) & 0x3f)
}

/** As many bytes of `content` from `start` as fit a packet, quoted, and how many they are. */
export function quotedBytes(content: Uint8Array, start: number): { data: number[]; taken: number } {
  const data: number[] = []
  let at = start
  for (; at < content.length; at++) {
    const byte = content[at]
    const low = byte & 0x7f
    const quoted = low < 32 || low === 127 ? [quote, byte ^ 0x40] : low === quote ? [quote, byte] : [byte]
    if (data.length + quoted.length > maxData) break
    data.push(...quoted)
  }
  return { data, taken: at - start }
}

/**
 * Sends bytes to a U-Boot in which `loadb` waits; its prompt is not read yet.
 *
 * @throws loader.rejected where it confirms nothing or gives up, job.cancelled (after Ctrl-C)
 */
export function* kermitTransfer(receiver: Receiver, name: string, content: Uint8Array): Part<ModemResult> {
  const state = { sequence: 0, repeatedBlocks: 0 }
  const send = (type: string, data: readonly number[], what: string): Part<void> =>
    sendPacket(receiver, state, { type, data, what })
  try {
    yield* send('S', [...asciiBytes(parameters)], 'the parameters')
    yield* send('F', [...asciiBytes(name.replace(/[^\w.-]/g, '_').slice(0, 60))], 'the name')
    for (let at = 0; at < content.length;) {
      const { data, taken } = quotedBytes(content, at)
      yield* send('D', data, `the bytes from ${at}`)
      at += taken
      yield { kind: 'progress', doneBytes: at, totalBytes: content.length, note: 'Kermit' }
    }
    yield* send('Z', [], 'the end of the file')
    yield* send('B', [], 'the end of the transfer')
    return { sentBytes: content.length, repeatedBlocks: state.repeatedBlocks, isEndConfirmed: true }
  } catch (error) {
    if (isStopped(error)) yield { kind: 'send', bytes: kermitCancelBytes }
    throw error
  }
}

function* sendPacket(
  receiver: Receiver,
  state: { sequence: number; repeatedBlocks: number },
  { type, data, what }: { type: string; data: readonly number[]; what: string }
): Part<void> {
  const packet = kermitPacket(type, state.sequence, data)
  for (let tries = 0; tries < maxTries; tries++) {
    if (tries > 0) state.repeatedBlocks++
    yield { kind: 'send', bytes: packet }
    const reply = yield* replyTo(receiver, state.sequence % 64)
    if (reply === 'E') break
    if (reply !== 'Y') continue
    state.sequence++
    return
  }
  throw new AppError(
    'loader.rejected',
    `U-Boot did not confirm ${what} by Kermit; received ${receiver.lastSeen()}.`,
    'Check the cable and the baud rate, then load again.'
  )
}

/** Type of the reply to a packet: Y confirmed, N not; null after silence. Replies to earlier packets are skipped. */
function* replyTo(receiver: Receiver, sequence: number): Part<string | null> {
  for (let noise = 0; noise < maxNoiseBytes; noise++) {
    const byte = yield* receiver.byte(replyMs)
    if (byte === null) return null
    if (byte !== mark) continue
    const length = yield* receiver.byte(replyMs)
    if (length === null) return null
    const body = [length]
    for (let left = length - 32; left > 0; left--) {
      const next = yield* receiver.byte(replyMs)
      if (next === null) return null
      body.push(next)
    }
    const check = body.pop()
    const [, replied = 0, type = 0] = body
    if (body.length < 3 || checkOf(body) !== check) return 'N'
    if (replied === char(sequence)) return String.fromCharCode(type)
  }
  return null
}
