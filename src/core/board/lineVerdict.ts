/** Echoes of one size over a board's line. */
export interface EchoTime {
  sizeBytes: number
  /** Median of the rounds. */
  medianMs: number
  /** What the bytes take on a serial line of this speed, there and back; 0 where the line has no speed. */
  lineMs: number
}

export interface LineVerdict {
  isGood: boolean
  text: string
  /** What to do, where something is. */
  hint: string | null
}

/** Bytes of a frame beside its payload, delimiters and escapes left out (docs/protocol.md). */
const frameBytes = 16
/** Beyond line and network; a busy computer and a USB adapter's timer (16 ms at FTDI chips) need some. */
const usualExcessMs = 25

/** Ten bit times a byte, there and back. */
export function echoLineMs(sizeBytes: number, baudRate: number | null): number {
  return baudRate === null ? 0 : (2 * (sizeBytes + frameBytes) * 10_000) / baudRate
}

/**
 * What echoes say of a line: whether they come as soon as line and network allow, and what to change where they do not.
 *
 * @param latencyMs round trip to the server of a console on the network; null for every other line
 */
export function judgeLine(echoes: readonly EchoTime[], latencyMs: number | null): LineVerdict {
  const excess = echoes.map(({ medianMs, lineMs }) => medianMs - lineMs - (latencyMs ?? 0))
  const worstMs = Math.max(...excess)
  if (worstMs <= usualExcessMs)
    return { isGood: true, text: 'answers come as soon as the line allows', hint: null }
  const text = `answers come ${Math.round(worstMs)} ms later than line and network need`
  if (latencyMs === null) {
    return {
      isGood: false,
      text,
      hint: 'A USB adapter may wait before it hands bytes over: lower its latency timer (/sys/bus/usb-serial/devices/ttyUSB0/latency_timer).'
    }
  }
  return {
    isGood: false,
    text,
    hint: 'If the board is not that slow, the console server holds bytes back: in ser2net set "chardelay: false" among the options and "tcp(nodelay)" in the accepter (docs/guide/boards.md).'
  }
}
