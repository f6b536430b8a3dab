import type { SerialControl } from './serialControl'
import type { SocketLine } from './socketLine'

export interface ProbeOptions {
  control: SerialControl
  line: SocketLine
  everyMs: number
  /** How long the server may take to reply. */
  replyMs: number
  /** performance.now() of the last byte that came over the network. */
  lastHeardMs: () => number
  onLatency: (latencyMs: number) => void
}

/**
 * Asks an idle server for a sign of life, and measures the round trip by it. A silent one ends the link, so that it is
 * connected again. Returns what stops it.
 */
export function probeServer({
  control,
  line,
  everyMs,
  replyMs,
  lastHeardMs,
  onLatency
}: ProbeOptions): () => void {
  let isAsking = false
  const ask = async (): Promise<void> => {
    if (isAsking || line.closed !== null || performance.now() - lastHeardMs() < everyMs) return
    isAsking = true
    const latencyMs = await control.measureLatencyMs(replyMs)
    isAsking = false
    if (latencyMs !== null) onLatency(latencyMs)
    else if (line.closed === null) {
      line.end({
        kind: 'ended',
        text: 'the server stopped replying',
        hint: 'Check the machine and the network; it is connected again by itself.'
      })
    }
  }
  const timer = setInterval(() => void ask(), everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
