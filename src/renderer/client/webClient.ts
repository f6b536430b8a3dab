import { webPaths } from '@shared/contract/framework/transport'
import { AppError } from '@shared/errors'
import { createEventSocket } from './eventSocket'
import { receiveJson } from './receiveJson'
import { createListenerMap } from './listenerMap'
import { sendFile } from './sendFile'
import { createClient, type Client } from './client'

const tokenKey = 'bitbench.token'

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
  const listeners = createListenerMap()
  const post = async (name: string, input: unknown): Promise<Response> =>
    await request(origin + webPaths.call, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ name, input })
    })
  const socket = createEventSocket({
    origin,
    token,
    createSocket: options.createSocket ?? ((url, protocol) => new WebSocket(url, protocol)),
    deliver: listeners.deliver,
    isRefused: async () => isRefusal((await post('app.settings', {}).catch(() => null))?.status)
  })

  return createClient({
    kind: 'web',
    async send(name, input, onReceived) {
      let response: Response
      try {
        response = await post(name, input)
      } catch (cause) {
        throw new AppError(
          'host.disconnected',
          'The Bitbench host does not respond.',
          'Check that `bitbench serve` or `npm start` still runs and that the ssh tunnel is up.',
          { cause }
        )
      }
      if (isRefusal(response.status)) {
        socket.refuse()
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
    onConnection: socket.onConnection
  })
}
