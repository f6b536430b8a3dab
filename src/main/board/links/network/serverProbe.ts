import type { SerialControl } from './serialControl'
import type { SocketLine } from './socketLine'

/** How a server is asked whether it is still there. */
export interface ProbeOptions {
  control: SerialControl
  line: SocketLine
  everyMs: number
  /** How long the server may take to reply. */
  replyMs: number
  /** performance.now() of the last byte received over the network. */
  lastHeardMs: () => number
  onLatency: (latencyMs: number) => void
}

/**
 * Sends a request to an idle server at intervals and measures the round trip by it. Without a reply the link ends, so that it is
 * connected again. Returns a function that stops the probe.
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
