import { crc32Feed, crc32Finish, crc32Start, crc8 } from '../binary/crc'

/** Frames of the monitor's protocol (docs/protocol.md "Frame"); the C twin is resources/firmware/frame.c. */
export const headerBytes = 7
/** Most bytes of payload in a frame. */
export const maxPayloadBytes = 1040
/** Bytes of a frame beside its payload: header and CRC-32. */
export const frameOverheadBytes = headerBytes + 4
/** The longest frame. */
export const maxFrameBytes = frameOverheadBytes + maxPayloadBytes

const sync0 = 0xb5
const sync1 = 0x62

/** One frame of the monitor's protocol without its framing bytes and CRC (docs/protocol.md). */
export interface Frame {
  /** 0..255, chosen by the host, echoed in the response. */
  seq: number
  /** Command; response = command | 0x80; event = 0x7F. */
  command: number
  payload: Uint8Array
}

/** The bytes of one frame. Throws RangeError when the payload is longer than the protocol allows. */
export function encodeFrame(seq: number, command: number, payload: Uint8Array): Uint8Array {
  if (payload.length > maxPayloadBytes) {
    throw new RangeError(`A frame carries at most ${maxPayloadBytes} bytes, not ${payload.length}`)
  }
  const end = headerBytes + payload.length
  const bytes = new Uint8Array(end + 4)
  bytes[0] = sync0
  bytes[1] = sync1
  bytes[2] = seq
  bytes[3] = command
  bytes[4] = payload.length & 0xff
  bytes[5] = payload.length >> 8
  bytes[6] = crc8(bytes, 2, 6)
  bytes.set(payload, headerBytes)
  const crc = crc32Finish(crc32Feed(crc32Feed(crc32Start, bytes, 2, 6), bytes, headerBytes, end))
  new DataView(bytes.buffer).setUint32(end, crc, true)
  return bytes
}

/** What a decoder found, in the order it came. */
export type Piece = { kind: 'frame'; frame: Frame } | { kind: 'text'; bytes: Uint8Array }

/**
 * Finds frames in a byte stream. A frame whose header or payload fails its CRC loses its first byte only and is
 * searched again, so a frame that follows lost or garbled bytes is found as soon as it is complete. Bytes outside frames come
 * out as text.
 */
export class FrameDecoder {
  /** Bytes not yet decided on; never longer than one frame between calls. */
  private held = new Uint8Array(4 * maxFrameBytes)
  private heldLength = 0
  /** Headers whose CRC-8, or payloads whose CRC-32 was wrong. */
  damagedFrames = 0

  /** Bytes held back because they may be the start of a frame. */
  get pendingBytes(): number {
    return this.heldLength
  }

  /** Forgets a frame that was begun; its bytes are lost. */
  reset(): void {
    this.heldLength = 0
  }

  push(bytes: Uint8Array): Piece[] {
    this.append(bytes)
    const pieces: Piece[] = []
    const held = this.held
    let start = 0
    let textFrom = 0
    const flushText = (): void => {
      if (start > textFrom) pieces.push({ kind: 'text', bytes: held.slice(textFrom, start) })
    }
    while (start < this.heldLength) {
      const length = this.frameAt(start)
      if (length === 'wait') break
      if (length === 'none') {
        start++
        continue
      }
      flushText()
      const payload = held.slice(start + headerBytes, start + length - 4)
      pieces.push({
        kind: 'frame',
        frame: { seq: held[start + 2], command: held[start + 3], payload }
      })
      start += length
      textFrom = start
    }
    flushText()
    held.copyWithin(0, start, this.heldLength)
    this.heldLength -= start
    return pieces
  }

  /** Length of the whole, undamaged frame at `start`; 'wait' when more bytes are needed; 'none' when none begins there. */
  private frameAt(start: number): number | 'wait' | 'none' {
    const { held } = this
    const left = this.heldLength - start
    if (held[start] !== sync0) return 'none'
    if (left < 2) return 'wait'
    if (held[start + 1] !== sync1) return 'none'
    if (left < headerBytes) return 'wait'
    const payload = held[start + 4] | (held[start + 5] << 8)
    if (crc8(held, start + 2, start + 6) !== held[start + 6] || payload > maxPayloadBytes)
      return this.damaged()
    const end = start + headerBytes + payload
    if (end + 4 > this.heldLength) return 'wait'
    const header = crc32Feed(crc32Start, held, start + 2, start + 6)
    const crc = crc32Finish(crc32Feed(header, held, start + headerBytes, end))
    const received = (held[end] | (held[end + 1] << 8) | (held[end + 2] << 16) | (held[end + 3] << 24)) >>> 0
    return crc === received ? end + 4 - start : this.damaged()
  }

  private damaged(): 'none' {
    this.damagedFrames++
    return 'none'
  }

  private append(bytes: Uint8Array): void {
    const needed = this.heldLength + bytes.length
    if (needed > this.held.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.held.length))
      grown.set(this.held.subarray(0, this.heldLength))
      this.held = grown
    }
    this.held.set(bytes, this.heldLength)
    this.heldLength = needed
  }
}
