import type { Conversation } from './conversation'
import type { ExchangeTiming, MonitorExchange, Outstanding } from './monitorExchange'
import { encode, maxDataBytes } from './protocol'

/** A piece of the upload that the board has not confirmed. */
interface Pending {
  offset: number
  length: number
}

/** Below this a piece is not halved any more: the frame around it is 15 bytes. */
const minPieceBytes = 32
/** Requests in flight before the first reply. */
const firstWindow = 2

/**
 * Writes `bytes` to the board's RAM from `address` on, at most `window` requests at a time. The monitor replies in order, so an
 * reply to a later request proves an earlier one lost, which is repeated at once; silence repeats all. A piece that was lost
 * twice is cut in four, so that a line that damages most long frames still carries short ones. Yields progress
 * steps in confirmed bytes. Throws `board.timeout` when a smallest piece fails `timing.attempts` times.
 */
export function* uploadBytes(
  exchange: MonitorExchange,
  address: number,
  bytes: Uint8Array,
  window: number,
  timing: ExchangeTiming
): Conversation<void> {
  const waiting = piecesOf(bytes.length)
  const outstanding = new Map<number, Outstanding>()
  const pieces = new Map<Outstanding, Pending>()
  let doneBytes = 0
  // A bridge may have a buffer of two kilobytes and no flow control: the window opens as replies arrive and closes by half
  // when they stay away or pieces are lost.
  let allowed = Math.min(window, firstWindow)

  function* sendNew(): Conversation<void> {
    while (outstanding.size < allowed) {
      const piece = waiting.pop()
      if (piece === undefined) return
      const data = bytes.subarray(piece.offset, piece.offset + piece.length)
      const request = exchange.prepare('load', encode.load(address + piece.offset, data))
      outstanding.set(request.seq, request)
      pieces.set(request, piece)
      yield* exchange.send(request)
    }
  }

  function* repeat(request: Outstanding): Conversation<void> {
    const piece = pieces.get(request)!
    if (request.attempts >= 2 && piece.length > minPieceBytes) {
      outstanding.delete(request.seq)
      pieces.delete(request)
      waiting.push(...quarters(piece))
      return
    }
    if (request.attempts >= timing.attempts) {
      throw exchange.silent('load', timing.replyMs * timing.attempts, 'did not reply')
    }
    yield* exchange.send(request)
  }

  /** Withdraws requests that were sent: a late reply to them is ignored, and writing the same bytes twice is harmless. */
  function takeBack(requests: readonly Outstanding[]): void {
    for (const request of [...requests].reverse()) {
      waiting.push(pieces.get(request)!)
      outstanding.delete(request.seq)
      pieces.delete(request)
    }
  }

  yield { kind: 'progress', doneBytes, totalBytes: bytes.length }
  for (;;) {
    yield* sendNew()
    if (outstanding.size === 0) return
    const { replies } = yield* exchange.receive(outstanding, timing.replyMs)
    if (replies.length === 0) {
      allowed = Math.max(1, allowed >> 1)
      takeBack([...outstanding.values()].slice(allowed))
      for (const request of [...outstanding.values()]) yield* repeat(request)
      continue
    }
    let latest = 0
    for (const reply of replies) {
      exchange.accepted(reply)
      latest = Math.max(latest, reply.request.order)
      doneBytes += pieces.get(reply.request)!.length
      outstanding.delete(reply.request.seq)
      pieces.delete(reply.request)
    }
    allowed = Math.min(window, allowed + replies.length)
    yield { kind: 'progress', doneBytes, totalBytes: bytes.length }
    const lost = [...outstanding.values()].filter(({ order }) => order < latest)
    if (lost.length > 0) allowed = Math.max(1, allowed >> 1)
    for (const request of lost) yield* repeat(request)
  }
}

/** Pieces of an upload, the last first: pop() takes them from the beginning. */
function piecesOf(totalBytes: number): Pending[] {
  const pieces: Pending[] = []
  for (let end = totalBytes; end > 0;) {
    const length = end % maxDataBytes || maxDataBytes
    end -= length
    pieces.push({ offset: end, length })
  }
  return pieces
}

/** A piece in four, the last first. */
function quarters(piece: Pending): Pending[] {
  const part = Math.max(minPieceBytes, Math.ceil(piece.length / 4))
  const parts: Pending[] = []
  for (let at = 0; at < piece.length; at += part)
    parts.push({ offset: piece.offset + at, length: Math.min(part, piece.length - at) })
  return parts.reverse()
}
