import { eventMessageSchema, webPaths, webSocketProtocol } from '@shared/contract/framework/transport'
import type { ConnectionState } from './client'

/** Waits between attempts to reach the event stream again, in milliseconds; the last one repeats. */
const retryWaitsMs = [250, 500, 1000, 2000, 4000] as const

/** What the event stream needs. */
export interface EventSocketOptions {
  /** Origin of the host, e.g. http://127.0.0.1:4173. */
  origin: string
  token: string
  createSocket: (url: string, protocol: string) => WebSocket
  deliver: (event: string, payload: unknown) => void
  /** Resolves with whether the host refuses the token of this tab. */
  isRefused: () => Promise<boolean>
}

/** The event stream of the web host and the state of the connection. */
export interface EventSocket {
  /** Called at once with the present state and on every change; returns what ends that. */
  onConnection(listener: (state: ConnectionState) => void): () => void
  /** The host refused the token: no further attempt to connect. */
  refuse(): void
}

/** Opens the event stream, and opens it again after it dropped, unless the host refuses the token. */
export function createEventSocket(options: EventSocketOptions): EventSocket {
  const { origin, token } = options
  const listeners = new Set<(state: ConnectionState) => void>()
  let state: ConnectionState = 'connecting'
  let attempts = 0

  const setState = (next: ConnectionState): void => {
    if (next === state) return
    state = next
    for (const listener of listeners) listener(next)
  }

  const connect = (): void => {
    const socket = options.createSocket(
      origin.replace(/^http/, 'ws') + webPaths.events,
      webSocketProtocol(token)
    )
    let opened = false
    socket.onopen = () => {
      opened = true
      attempts = 0
      setState('connected')
    }
    socket.onmessage = (message) => {
      const { event, payload } = eventMessageSchema.parse(JSON.parse(String(message.data)))
      options.deliver(event, payload)
    }
    socket.onclose = () => {
      setState(attempts === 0 && state === 'connecting' ? 'connecting' : 'lost')
      // A browser does not report why a socket was refused; the status of a call does.
      if (!opened) void options.isRefused().then((refused) => refused && setState('refused'))
      const waitMs = retryWaitsMs[Math.min(attempts, retryWaitsMs.length - 1)]
      attempts += 1
      setTimeout(() => {
        if (state !== 'refused') connect()
      }, waitMs)
    }
  }
  connect()

  return {
    onConnection(listener) {
      listeners.add(listener)
      listener(state)
      return () => {
        listeners.delete(listener)
      }
    },
    refuse: () => setState('refused')
  }
}
