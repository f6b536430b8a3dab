import { eventMessageSchema, webPaths, webSocketProtocol } from '@shared/contract/framework/transport'
import { AppError } from '@shared/errors'
import { receiveJson } from './receiveJson'
import { createListenerMap } from './listenerMap'
import { sendFile } from './sendFile'
import { createClient, type Client, type ConnectionState } from './client'

const tokenKey = 'bitbench.token'
/** Waits between attempts to reach the event stream again, in milliseconds; the last one repeats. */
const retryWaitsMs = [250, 500, 1000, 2000, 4000] as const

/**
 * Takes the access token out of the address bar (#token=…), keeps it for this tab only, and returns it. It came in the
 * fragment so that no proxy, log or Referer header ever saw it.
 */
export function takeToken(location: Location, storage: Storage, history: History): string | null {
  const match = /(?:^#|[#&])token=([^&]+)/.exec(location.hash)
  if (match !== null) {
    storage.setItem(tokenKey, decodeURIComponent(match[1]))
    history.replaceState(null, '', location.pathname + location.search)
  }
  return storage.getItem(tokenKey)
}

/** Address and token of the web host. */
export interface WebClientOptions {
  /** Origin of the host, e.g. http://127.0.0.1:4173. */
  origin: string
  token: string
  fetch?: typeof fetch
  createSocket?: (url: string, protocol: string) => WebSocket
}

const isRefusal = (status: number | undefined): boolean => status === 401 || status === 403

/** Client over loopback HTTP (calls) and one WebSocket (events), which comes back by itself after it dropped. */
export function createWebClient(options: WebClientOptions): Client {
  const { origin, token } = options
  const request = options.fetch ?? fetch.bind(globalThis)
  const createSocket = options.createSocket ?? ((url, protocol) => new WebSocket(url, protocol))
  const listeners = createListenerMap()
  const connectionListeners = new Set<(state: ConnectionState) => void>()
  let state: ConnectionState = 'connecting'
  let attempts = 0

  const setState = (next: ConnectionState): void => {
    if (next === state) return
    state = next
    for (const listener of connectionListeners) listener(next)
  }

  const post = async (name: string, input: unknown): Promise<Response> =>
    await request(origin + webPaths.call, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ name, input })
    })
  const isRefused = async (): Promise<boolean> => {
    const response = await post('app.settings', {}).catch(() => null)
    return isRefusal(response?.status)
  }

  const connect = (): void => {
    const socket = createSocket(origin.replace(/^http/, 'ws') + webPaths.events, webSocketProtocol(token))
    socket.onopen = () => {
      opened = true
      attempts = 0
      setState('connected')
    }
    socket.onmessage = (message) => {
      const { event, payload } = eventMessageSchema.parse(JSON.parse(String(message.data)))
      listeners.deliver(event, payload)
    }
    let opened = false
    socket.onclose = () => {
      setState(attempts === 0 && state === 'connecting' ? 'connecting' : 'lost')
      // A browser does not report why a socket was refused; the status of a call does.
      if (!opened) void isRefused().then((refused) => refused && setState('refused'))
      const waitMs = retryWaitsMs[Math.min(attempts, retryWaitsMs.length - 1)]
      attempts += 1
      setTimeout(() => {
        if (state !== 'refused') connect()
      }, waitMs)
    }
  }
  connect()

  return createClient({
    kind: 'web',
    async send(name, input, onReceived) {
      let response: Response
      try {
        response = await post(name, input)
      } catch (cause) {
        throw new AppError(
          'host.disconnected',
          'The Bitbench host does not answer.',
          'Check that `bitbench serve` or `npm start` still runs and that the ssh tunnel is up.',
          { cause }
        )
      }
      if (isRefusal(response.status)) {
        setState('refused')
        throw new AppError(
          'host.unauthorised',
          'The host does not accept the access token of this tab.',
          'Open the address that `bitbench serve` or `npm start` printed: it carries a fresh token.'
        )
      }
      return onReceived === undefined ? response.json() : await receiveJson(response, onReceived)
    },
    upload: (file, place, options) => sendFile(origin, token, file, place, options),
    subscribe: listeners.add,
    onConnection(listener) {
      connectionListeners.add(listener)
      listener(state)
      return () => {
        connectionListeners.delete(listener)
      }
    }
  })
}
