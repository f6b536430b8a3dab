import type { Conversation } from '@core/board/conversation'

/** A far end in virtual time: hears bytes as they arrive and may answer, then or later. */
export interface TimedPeer {
  /** `atMs` is when the last of these bytes arrived. */
  hear(bytes: Uint8Array, atMs: number, line: PeerLine): void
  /** Time passed with nothing on the line. */
  tick?(atMs: number, line: PeerLine): void
  /** The host changed the speed of its line. */
  setBaud?(baudRate: number, atMs: number, line: PeerLine): void
  /** The host set modem lines (true: asserted). */
  setSignals?(signals: { dtr: boolean; rts: boolean }, atMs: number, line: PeerLine): void
}

export interface PeerLine {
  /** Puts bytes on the line to the host, `delayMs` from the present moment. */
  send(bytes: Uint8Array, delayMs?: number): void
}

export interface DialogueOutcome<T> {
  value?: T
  error?: unknown
  endedAtMs: number
  steps: number
  progress: number[]
}

/**
 * Runs a conversation against a peer in virtual time, with the line speed of `baudRate`: no waiting, the same result
 * every time. `cancelAfterSteps` throws into the conversation as an abort does.
 */
export function runDialogue<T>(
  conversation: Conversation<T>,
  peer: TimedPeer,
  options: {
    baudRate?: number
    cancelAfterSteps?: { steps: number; error: unknown }
    mostSteps?: number
    startMs?: number
  } = {}
): DialogueOutcome<T> {
  const { baudRate = 115_200, mostSteps = 1_000_000 } = options
  const byteMs = 10_000 / baudRate
  let nowMs = options.startMs ?? 0
  const onTheWay: { atMs: number; bytes: Uint8Array }[] = []
  let lineFreeMs = 0
  const line: PeerLine = {
    send(bytes, delayMs = 0) {
      lineFreeMs = Math.max(lineFreeMs, nowMs + delayMs) + bytes.length * byteMs
      onTheWay.push({ atMs: lineFreeMs, bytes })
    }
  }
  const takeDue = (): Uint8Array => {
    const due: number[] = []
    while (onTheWay.length > 0 && onTheWay[0]!.atMs <= nowMs) due.push(...onTheWay.shift()!.bytes)
    return Uint8Array.from(due)
  }
  const pass = (untilMs: number): void => {
    nowMs = untilMs
    peer.tick?.(nowMs, line)
  }
  const outcome: DialogueOutcome<T> = { endedAtMs: 0, steps: 0, progress: [] }
  let kept: Uint8Array = new Uint8Array(0)
  const empty = new Uint8Array(0)
  try {
    let next = conversation.next(empty)
    while (next.done !== true) {
      if (++outcome.steps > mostSteps) throw new Error('the conversation does not end')
      if (outcome.steps === options.cancelAfterSteps?.steps) {
        next = conversation.throw(options.cancelAfterSteps.error)
        continue
      }
      let received: Uint8Array = empty
      const step = next.value
      if (step.kind === 'send') {
        nowMs += step.bytes.length * byteMs
        peer.hear(step.bytes, nowMs, line)
      } else if (step.kind === 'receive') {
        const deadlineMs = nowMs + step.timeoutMs
        let bytes = join(kept, takeDue())
        kept = new Uint8Array(0)
        while (bytes.length === 0 && nowMs < deadlineMs) {
          // In small steps, so that the peer's own time-outs fall where they should.
          pass(Math.min(deadlineMs, onTheWay[0]?.atMs ?? Infinity, nowMs + 5))
          bytes = takeDue()
        }
        received = bytes
      } else if (step.kind === 'pause') {
        const deadlineMs = nowMs + step.durationMs
        while (nowMs < deadlineMs) pass(Math.min(deadlineMs, nowMs + 5))
        kept = join(kept, takeDue())
      } else if (step.kind === 'discard') {
        takeDue()
        kept = new Uint8Array(0)
      } else if (step.kind === 'setBaud') {
        peer.setBaud?.(step.baudRate, nowMs, line)
      } else if (step.kind === 'setSignals') {
        peer.setSignals?.(step, nowMs, line)
      } else if (step.kind === 'progress') {
        outcome.progress.push(step.doneBytes)
      }
      next = conversation.next(received)
    }
    outcome.value = next.value
  } catch (error) {
    outcome.error = error
  }
  outcome.endedAtMs = nowMs
  return outcome
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}
