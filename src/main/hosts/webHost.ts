import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { webPaths } from '../../shared/contract/framework/transport'
import { AppError } from '../../shared/errors'
import type { Dispatch } from './dispatcher'
import type { EventBus } from './eventBus'
import { servePage } from './pageFiles'
import { receiveUpload, type UploadTarget } from './uploadRoute'
import { serveCall } from './web/callRoute'
import { serveEvents } from './web/eventSockets'
import { refuse, sendFailure, sendReply } from './web/jsonReply'
import { createOneTimeAddresses, oneTimePath, type OneTimeAddresses } from './web/oneTimeAddresses'
import { bearerOf, isOwnRequest, isSameSecret, pathOf } from './web/requestChecks'

/**
 * The contract over loopback HTTP and WebSocket, for machines without a display: open the printed address in a browser,
 * through an ssh tunnel if need be. Bound to 127.0.0.1; every call carries a random token; the Host header must name
 * loopback (DNS rebinding) and the Origin, where a browser sends one, this very host (cross-site requests).
 */
export interface WebHost {
  readonly tcpPort: number
  readonly token: string
  /** Address with the token in its fragment, which browsers never send to a server. */
  readonly address: string
  /**
   * An address that works once, within half a minute, and leads to the page with its token. For a browser that is
   * started by us: every user of a machine can read the command lines of its processes.
   */
  oneTimeAddress(): string
  close(): Promise<void>
}

/** How long one request may take to arrive: an upload through a slow tunnel takes long. */
const requestTimeoutMs = 3_600_000

/** Serves page, requests and events on the loopback interface, with a token. */
export async function serveWeb(options: {
  dispatch: Dispatch
  events: EventBus
  /** Folder with the built renderer. */
  pageFolder: string
  /** 0 picks a free one. */
  tcpPort: number
  token?: string
  /** Takes files that a browser sends; absent: none are taken. */
  uploads?: UploadTarget
  /** Gets one line per connection that failed; such an error never leaves this host. */
  log?: (line: string) => void
}): Promise<WebHost> {
  const { events, log = () => undefined } = options
  const token = options.token ?? randomBytes(24).toString('base64url')
  const oneTime = createOneTimeAddresses(token)
  const served: Served = { ...options, token, oneTime }
  const server = createServer((request, response) => {
    response.on('error', (cause) => log(`A response failed: ${cause.message}`))
    serveRequest(request, response, served).catch((reason: unknown) => {
      if (!response.headersSent) sendFailure(response, 500, AppError.from(reason))
      else response.destroy()
    })
  })
  server.requestTimeout = requestTimeoutMs
  server.on('clientError', (_cause, socket) => {
    // A request that is no HTTP at all, or a connection that was reset: nothing can be sent back reliably.
    socket.destroy()
  })
  const closeSockets = serveEvents(server, { token, events, log })
  await listen(server, options.tcpPort)
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  return {
    tcpPort: port,
    token,
    address: `${origin}/#token=${token}`,
    oneTimeAddress: () => origin + oneTime.issue(),
    async close() {
      closeSockets()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    }
  }
}

/** What requests are served from. */
interface Served {
  dispatch: Dispatch
  pageFolder: string
  token: string
  oneTime: OneTimeAddresses
  uploads?: UploadTarget
}

async function serveRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { dispatch, pageFolder, token, oneTime, uploads }: Served
): Promise<void> {
  const { method } = request
  const pathname = pathOf(request)
  if (!isOwnRequest(request)) refuse(response, 403, 'This address or origin is not served.')
  else if (pathname === webPaths.call || pathname === webPaths.upload) {
    if (method !== 'POST') refuse(response, 405, 'Calls are made with POST.')
    else if (!isSameSecret(bearerOf(request), token))
      refuse(response, 401, 'The token is missing or not the one of this run.')
    else if (pathname === webPaths.call) await serveCall(request, response, dispatch)
    else sendReply(response, await receiveUpload(request, uploads))
  } else if (method !== 'GET' && method !== 'HEAD') refuse(response, 405, 'Only pages are served here.')
  else if (method === 'GET' && pathname.startsWith(oneTimePath)) oneTime.redirect(pathname, response)
  else await servePage(pageFolder, pathname, request, response)
}

async function listen(server: Server, tcpPort: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new AppError(
          'input.invalid',
          `TCP port ${tcpPort} cannot be used (${cause.code ?? cause.message}).`,
          'Choose another with --tcp-port, or 0 for a free one.',
          { cause }
        )
      )
    )
    server.listen(tcpPort, '127.0.0.1', () => resolve())
  })
}
