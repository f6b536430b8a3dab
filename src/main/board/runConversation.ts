import type { Conversation, Step } from '../../core/board/conversation'
import { AppError } from '../../shared/errors'
import { type Clock, wallClock } from './clock'
import { disconnected, type Link, writeTimeoutMs } from './links/link'
import { patienceOf } from './links/patience'

/** Progress of a conversation with a loader. */
export interface ConverseProgress {
  doneBytes: number
  totalBytes: number
  note: string
}

/** Stop signal, limit and clock of a conversation. */
export interface ConverseOptions {
  /** Aborting throws job.cancelled into the conversation, which may still tidy up the far end. */
  signal?: AbortSignal | undefined
  /**
   * The longest it may take to the first progress and from one with more bytes than ever before to the next, whatever keeps
   * arriving; then board.timeout is thrown into it. A conversation without progress may take this long as a whole.
   */
  stallMs?: number | undefined
  onProgress?: ((progress: ConverseProgress) => void) | undefined
  /** Whose time the waits are; default the computer's. */
  clock?: Clock | undefined
}

/** How long a cancelled conversation may go on to leave the board usable. */
const tidyUpMs = 4_000

/**
 * Drives a conversation over a link: performs its steps and resumes it with what came. The conversation receives
 * only what arrives from now on.
 *
 * @throws what the conversation throws; board.disconnected when the link ends; job.cancelled after an abort;
 *   board.timeout beyond `stallMs`
 */
export async function converse<T>(
  link: Link,
  conversation: Conversation<T>,
  options: ConverseOptions = {}
): Promise<T> {
  const { signal, stallMs, clock = wallClock } = options
  const inbox = createInbox(link, clock)
  let callOff = (): void => undefined
  let isTidyingUp = false
  let outOfTime = false
  const allow = (durationMs: number): void => {
    callOff()
    outOfTime = false
    callOff = clock.after(durationMs, () => {
      outOfTime = true
      inbox.wake()
    })
  }
  const shouldStop = (): boolean => outOfTime || (!isTidyingUp && signal?.aborted === true)
  const wake = (): void => inbox.wake()
  signal?.addEventListener('abort', wake)
  if (stallMs !== undefined) allow(stallMs)
  let mostBytes = 0
  const onProgress = (progress: ConverseProgress): void => {
    if (stallMs !== undefined && !isTidyingUp && progress.doneBytes > mostBytes) allow(stallMs)
    mostBytes = Math.max(mostBytes, progress.doneBytes)
    options.onProgress?.(progress)
  }

  try {
    let next = conversation.next(nothing)
    while (next.done !== true) {
      if (inbox.isClosed()) throw disconnected(link.descriptor.label, link.closed)
      if (shouldStop()) {
        const reason = signal?.aborted === true ? cancelled() : overdue(link, stallMs ?? tidyUpMs)
        if (isTidyingUp) throw reason
        isTidyingUp = true
        allow(tidyUpMs)
        next = conversation.throw(reason)
        continue
      }
      next = conversation.next(await perform(next.value, link, inbox, shouldStop, onProgress))
    }
    return next.value
  } catch (error) {
    // Lets the conversation's finally blocks run; what they still yield is not performed.
    conversation.return(undefined as T)
    throw error
  } finally {
    callOff()
    signal?.removeEventListener('abort', wake)
    inbox.close()
  }
}

const nothing = new Uint8Array(0)

/** Does one step; returns the bytes that it received. */
async function perform(
  step: Step,
  link: Link,
  inbox: Inbox,
  shouldStop: () => boolean,
  onProgress: (progress: ConverseProgress) => void
): Promise<Uint8Array> {
  switch (step.kind) {
    case 'send':
      await link.write(
        step.bytes,
        writeTimeoutMs(step.bytes.length, link.descriptor.baudRate, patienceOf(link.descriptor.kind))
      )
      return nothing
    case 'receive':
      await inbox.waitForBytes(step.timeoutMs, shouldStop)
      return inbox.take()
    case 'pause':
      await inbox.waitForTime(step.durationMs, shouldStop)
      return nothing
    case 'discard':
      inbox.take()
      return nothing
    case 'setParity':
      await link.setParity?.(step.parity)
      return nothing
    case 'setBaud':
      await link.setBaud(step.baudRate)
      return nothing
    case 'setSignals':
      await link.setSignals({ dtr: step.dtr, rts: step.rts })
      return nothing
    case 'progress':
      onProgress({ doneBytes: step.doneBytes, totalBytes: step.totalBytes, note: step.note ?? '' })
      return nothing
  }
}

function cancelled(): AppError {
  return new AppError(
    'job.cancelled',
    'The transfer was cancelled.',
    'The board is free again; start the work again when you like.'
  )
}

function overdue(link: Link, stallMs: number): AppError {
  return new AppError(
    'board.timeout',
    `${link.descriptor.label} has taken nothing more for ${Math.round(stallMs / 1000)} s.`,
    'Reset the board and try again.'
  )
}

interface Inbox {
  take(): Uint8Array
  waitForBytes(timeoutMs: number, stop: () => boolean): Promise<void>
  waitForTime(durationMs: number, stop: () => boolean): Promise<void>
  isClosed(): boolean
  wake(): void
  close(): void
}

/** Shortest wait between two looks at the time of a simulated board. */
const minLookMs = 5

/** Returns how much of a duration is left from now on. */
function countDown(nowMs: () => number, durationMs: number): () => number {
  const endMs = nowMs() + durationMs
  return () => endMs - nowMs()
}

function createInbox(link: Link, clock: Clock): Inbox {
  let chunks: Uint8Array[] = []
  let resume: (() => void) | undefined
  const wake = (): void => {
    const waiting = resume
    resume = undefined
    waiting?.()
  }
  const offData = link.onData((bytes) => {
    chunks.push(bytes)
    wake()
  })
  const offClose = link.onClose(wake)
  const waitUntil = async (leftOf: () => number, isDone: () => boolean): Promise<void> => {
    while (!isDone() && link.closed === null) {
      const leftMs = leftOf()
      if (leftMs <= 0) {
        // This program itself may have come late: what has arrived meanwhile counts.
        if (clock === wallClock) await new Promise<void>((resolve) => setImmediate(resolve))
        return
      }
      await new Promise<void>((resolve) => {
        const callOff = clock.after(leftMs, resolve)
        resume = () => {
          callOff()
          resolve()
        }
      })
      resume = undefined
    }
  }
  return {
    take() {
      const taken = chunks
      if (taken.length === 0) return nothing
      chunks = []
      if (taken.length === 1) return taken[0]
      const joined = new Uint8Array(taken.reduce((sum, chunk) => sum + chunk.length, 0))
      let at = 0
      for (const chunk of taken) {
        joined.set(chunk, at)
        at += chunk.length
      }
      return joined
    },
    waitForBytes: (timeoutMs, stop) => {
      const left = countDown(() => clock.nowMs(), timeoutMs)
      const livedLeft = link.livedMs && countDown(link.livedMs, timeoutMs)
      return waitUntil(
        () => {
          const leftMs = left()
          if (leftMs > 0 || livedLeft === undefined) return leftMs
          // Its time has no timer: look again.
          const boardLeftMs = livedLeft()
          return boardLeftMs > 0 ? Math.max(minLookMs, boardLeftMs) : 0
        },
        () => chunks.length > 0 || stop()
      )
    },
    waitForTime: (durationMs, stop) =>
      waitUntil(
        countDown(() => clock.nowMs(), durationMs),
        stop
      ),
    // Bytes that came before the end are still worth reading.
    isClosed: () => link.closed !== null && chunks.length === 0,
    wake,
    close() {
      offData()
      offClose()
    }
  }
}
