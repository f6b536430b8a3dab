import { type Clock, wallClock } from '../clock'
import { disconnected, type Link, writeTimedOut, writeTimeoutMs } from './link'
import { createLinkListeners } from './linkListeners'

/** Bytes are let through this often; the average rate is exact whatever the timer does. */
const tickMs = 4
/** What a tty driver takes before the line has sent it (N_TTY_BUF_SIZE of Linux). */
const driverBufferBytes = 4_096

/**
 * A link that lets bytes through no faster than a serial line of `baudRate` (8N1: ten bit times a byte), both ways and
 * independently. As with a tty, a write settles when the driver's buffer holds it, not when the line has sent it.
 */
export function createPacedLink(inner: Link, baudRate: number, clock: Clock = wallClock): Link {
  let rate = baudRate
  const listeners = createLinkListeners()
  const out = createThrottle(
    () => rate,
    clock,
    (bytes) => inner.write(bytes)
  )
  const back = createThrottle(
    () => rate,
    clock,
    async (bytes) => listeners.data(bytes)
  )
  const offData = inner.onData((bytes) => void back.push(bytes))
  inner.onClose((reason) => {
    offData()
    out.stop()
    back.stop()
    listeners.end(reason)
  })
  return {
    get descriptor() {
      return { ...inner.descriptor, baudRate: rate }
    },
    get closed() {
      return listeners.closed
    },
    onData: listeners.onData,
    onClose: listeners.onClose,
    async write(bytes, timeoutMs = writeTimeoutMs(bytes.length, rate)) {
      if (listeners.closed !== null) throw disconnected(inner.descriptor.label, listeners.closed)
      let callOff = (): void => undefined
      const late = new Promise<never>((_, reject) => {
        callOff = clock.after(timeoutMs, () =>
          reject(writeTimedOut(inner.descriptor.label, bytes.length, timeoutMs))
        )
      })
      try {
        await Promise.race([out.push(bytes), late])
      } finally {
        callOff()
      }
    },
    async setBaud(next) {
      rate = next
      await inner.setBaud(next)
    },
    setParity: inner.setParity,
    setSignals: (signals) => inner.setSignals(signals),
    livedMs: inner.livedMs,
    close: () => inner.close()
  }
}

interface Throttle {
  /** Settles when the bytes are in the driver's buffer or beyond it. */
  push(bytes: Uint8Array): Promise<void>
  stop(): void
}

function createThrottle(
  rate: () => number,
  clock: Clock,
  deliver: (bytes: Uint8Array) => Promise<void>
): Throttle {
  const queue: { bytes: Uint8Array; accept: () => void; fail: (error: unknown) => void }[] = []
  let sentOfFirst = 0
  let queuedBytes = 0
  /** Bytes that the line had time for and that were not used yet. */
  let creditBytes = 0
  let lastMs = 0
  /** Calls the next tick off; undefined while the line is idle. */
  let callOff: (() => void) | undefined

  /** Settles the writes whose end now lies within the driver's buffer. */
  const acceptWhatFits = (): void => {
    let before = -sentOfFirst
    for (const entry of queue) {
      before += entry.bytes.length
      if (before <= driverBufferBytes) entry.accept()
    }
  }

  const tick = async (): Promise<void> => {
    const nowMs = clock.nowMs()
    creditBytes += ((nowMs - lastMs) * rate()) / 10_000
    lastMs = nowMs
    try {
      while (queue.length > 0 && creditBytes >= 1) {
        const first = queue[0]
        const take = Math.min(Math.floor(creditBytes), first.bytes.length - sentOfFirst)
        creditBytes -= take
        queuedBytes -= take
        const piece = first.bytes.slice(sentOfFirst, sentOfFirst + take)
        sentOfFirst += take
        const isWhole = sentOfFirst === first.bytes.length
        if (isWhole) {
          queue.shift()
          sentOfFirst = 0
        }
        await deliver(piece)
        if (isWhole) first.accept()
      }
    } catch (error) {
      queuedBytes = 0
      sentOfFirst = 0
      for (const entry of queue.splice(0)) entry.fail(error)
    }
    acceptWhatFits()
    callOff = queue.length > 0 ? clock.after(tickMs, () => void tick()) : undefined
  }
  return {
    push(bytes) {
      if (bytes.length === 0) return Promise.resolve()
      return new Promise((accept, fail) => {
        queue.push({ bytes, accept, fail })
        queuedBytes += bytes.length
        if (queuedBytes <= driverBufferBytes) accept()
        if (callOff !== undefined) return
        // An idle line saves nothing up.
        creditBytes = 0
        lastMs = clock.nowMs()
        callOff = clock.after(tickMs, () => void tick())
      })
    },
    stop() {
      callOff?.()
      callOff = undefined
      // Unsent bytes are lost with the line; their writers are rejected when the link ends.
      for (const entry of queue.splice(0)) entry.accept()
    }
  }
}
