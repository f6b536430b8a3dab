import { frameOverheadBytes } from './frame'

/** Echoes of one size over a board's line. */
export interface EchoTime {
  sizeBytes: number
  /** Median of the rounds. */
  medianMs: number
  /** Time of request and response on a serial line of this speed; 0 where the line has no speed. */
  lineMs: number
}

/** Judgement of an echo test: whether the line is good, why, and what to change. */
export interface LineVerdict {
  isGood: boolean
  text: string
  /** What to change; null for a good line. */
  hint: string | null
}

/** Time beyond line and network that is usual: a busy computer, and a USB adapter's timer (16 ms at FTDI chips). */
const usualExcessMs = 25

/** Time of an echo of `sizeBytes` on the line in ms: request and response with its status byte, ten bits a byte. 0 without a speed. */
export function echoLineMs(sizeBytes: number, baudRate: number | null): number {
  return baudRate === null ? 0 : ((2 * (sizeBytes + frameOverheadBytes) + 1) * 10_000) / baudRate
}

/**
 * Judges a line by its echoes: whether they arrive as soon as line and network allow, and what to change where they do not.
 *
 * @param latencyMs round trip to the server of a console on the network; null for every other line
 */
export function judgeLine(echoes: readonly EchoTime[], latencyMs: number | null): LineVerdict {
  const excess = echoes.map(({ medianMs, lineMs }) => medianMs - lineMs - (latencyMs ?? 0))
  const worstMs = Math.max(...excess)
  if (worstMs <= usualExcessMs)
    return { isGood: true, text: 'replies arrive as soon as the line allows', hint: null }
  const text = `replies arrive ${Math.round(worstMs)} ms later than line and network need`
  if (latencyMs === null) {
    return {
      isGood: false,
      text,
      hint: 'A USB adapter may wait before it passes bytes on: lower its latency timer (/sys/bus/usb-serial/devices/ttyUSB0/latency_timer).'
    }
  }
  return {
    isGood: false,
    text,
    hint: 'If the board is not that slow, the console server holds bytes back: in ser2net set "chardelay: false" among the options and "tcp(nodelay)" in the accepter (docs/guide/boards.md).'
  }
}
