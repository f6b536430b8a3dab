import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { AppError } from '../../shared/errors'
import {
  callRequestSchema,
  webPaths,
  webSocketProtocol,
  type CallReply
} from '../../shared/contract/framework/transport'
import type { Dispatch } from './dispatcher'
import { createOutbox, type EventBus } from './eventBus'
import { servePage } from './pageFiles'
import { receiveUpload, type UploadTarget } from './uploadRoute'

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

/** How long a one-time address may wait for the browser to start. */
const oneTimeMs = 30_000
const oneTimePath = '/open/'

/** Largest accepted request body: an ONNX model or a CSV of a million rows, base64 or text in JSON. */
const bodyLimitBytes = 256 * 1024 * 1024
/** A client that does not answer a ping within this time is dropped. */
const heartbeatMs = 15_000
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
  const { dispatch, events, pageFolder, log = () => undefined } = options
  const token = options.token ?? randomBytes(24).toString('base64url')
  const server = createServer((request, response) => {
    handle(request, response).catch((reason: unknown) => {
      if (!response.headersSent) sendJson(response, 500, failure(AppError.from(reason)))
      else response.destroy()
    })
  })

  server.requestTimeout = requestTimeoutMs

  const isOwnHost = (request: IncomingMessage): boolean => {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '')
    return host === '127.0.0.1' || host === 'localhost' || host === '[::1]'
  }
  /** Absent Origin (curl, same-origin GET) passes; a present one must be this host as the client addressed it. */
  const isOwnOrigin = (request: IncomingMessage): boolean => {
    const { origin } = request.headers
    return origin === undefined || origin === `http://${request.headers.host ?? ''}`
  }

  const logFailure =
    (what: string) =>
    (cause: Error): void =>
      log(`A ${what} failed: ${cause.message}`)

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.on('error', logFailure('response'))
    if (!isOwnHost(request) || !isOwnOrigin(request)) {
      sendJson(response, 403, failure(unauthorised('This address or origin is not served.')))
      return
    }
    const pathname = pathOf(request)
    if (pathname === webPaths.call || pathname === webPaths.upload) {
      if (request.method !== 'POST') {
        sendJson(response, 405, failure(unauthorised('Calls are made with POST.')))
      } else if (!sameText(bearerOf(request), token)) {
        sendJson(response, 401, failure(unauthorised('The token is missing or not the one of this run.')))
      } else if (pathname === webPaths.call) await answerCall(request, response)
      else sendJson(response, 200, await receiveUpload(request, options.uploads))
      return
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      sendJson(response, 405, failure(unauthorised('Only pages are served here.')))
      return
    }
    if (pathname.startsWith(oneTimePath) && request.method === 'GET') {
      redirectOnce(pathname.slice(oneTimePath.length), response)
    } else await servePage(pageFolder, pathname, request, response)
  }

  const oneTimeCodes = new Set<string>()
  const redirectOnce = (code: string, response: ServerResponse): void => {
    const known = [...oneTimeCodes].find((candidate) => sameText(candidate, code))
    if (known === undefined) {
      const error = unauthorised('This address was used already, or is too old.')
      sendJson(response, 401, failure(error))
      return
    }
    oneTimeCodes.delete(known)
    response.writeHead(303, {
      location: `/#token=${token}`,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer'
    })
    response.end()
  }

  const answerCall = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const controller = new AbortController()
    response.once('close', () => {
      if (!response.writableEnded) controller.abort()
    })
    const body = await readBody(request)
    const parsed = callRequestSchema.safeParse(parseJson(body))
    if (!parsed.success) {
      sendJson(
        response,
        400,
        failure(
          new AppError(
            'input.invalid',
            'The request is not a command with input.',
            'Send {"name", "input"} as JSON.'
          )
        )
      )
      return
    }
    // An error of the domain is an answer, not a fault of HTTP: the envelope tells, the status stays 200.
    sendJson(
      response,
      200,
      await dispatch(parsed.data.name, parsed.data.input, { signal: controller.signal })
    )
  }

  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: 64 * 1024,
    handleProtocols: (offered) => (offered.has(webSocketProtocol(token)) ? webSocketProtocol(token) : false)
  })
  sockets.on('wsClientError', (cause, socket) => {
    logFailure('WebSocket handshake')(cause)
    socket.destroy()
  })
  server.on('clientError', (_cause, socket) => {
    // A request that is no HTTP at all, or a connection that was reset: nothing can be sent back reliably.
    socket.destroy()
  })
  server.on('upgrade', (request, socket, head) => {
    // Without a listener, a reset by the peer would be an uncaught exception of the process.
    socket.on('error', logFailure('WebSocket connection'))
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((part) => part.trim())
    const isKnown = offered.some((protocol) => sameText(protocol, webSocketProtocol(token)))
    if (pathOf(request) !== webPaths.events || !isOwnHost(request) || !isOwnOrigin(request) || !isKnown) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n', () => socket.destroy())
      return
    }
    sockets.handleUpgrade(request, socket, head, (client) => attach(client))
  })

  const attach = (client: WebSocket): void => {
    let alive = true
    const outbox = createOutbox((messages) => {
      for (const message of messages)
        if (client.readyState === client.OPEN) client.send(JSON.stringify(message))
    })
    const stop = events.listen(outbox.push)
    const heartbeat = setInterval(() => {
      if (!alive) client.terminate()
      alive = false
      client.ping()
    }, heartbeatMs)
    client.on('pong', () => (alive = true))
    client.on('error', () => client.terminate())
    client.on('close', () => {
      clearInterval(heartbeat)
      stop()
      outbox.close()
    })
  }

  await listen(server, options.tcpPort)
  const { port } = server.address() as AddressInfo
  return {
    tcpPort: port,
    token,
    address: `http://127.0.0.1:${port}/#token=${token}`,
    oneTimeAddress() {
      const code = randomBytes(24).toString('base64url')
      oneTimeCodes.add(code)
      setTimeout(() => oneTimeCodes.delete(code), oneTimeMs).unref()
      return `http://127.0.0.1:${port}${oneTimePath}${code}`
    },
    async close() {
      for (const client of sockets.clients) client.terminate()
      sockets.close()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    }
  }
}

/** The path of a request without its query. Never throws: a target such as `//` is no valid URL. */
function pathOf(request: IncomingMessage): string {
  return /^[^?#]*/.exec(request.url ?? '/')?.[0] ?? '/'
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

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > bodyLimitBytes) {
      throw new AppError(
        'input.invalid',
        'The request is larger than 256 MiB.',
        'Use the command line for larger files.'
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function bearerOf(request: IncomingMessage): string {
  return /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
}

/** Comparison whose time does not tell how much of the token was right. */
function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}

function sendJson(response: ServerResponse, status: number, reply: CallReply): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(reply))
}

const failure = (error: AppError): CallReply => ({ ok: false, error: error.toJSON() })

const unauthorised = (message: string): AppError =>
  new AppError(
    'host.unauthorised',
    message,
    'Open the address that `bitbench serve` printed, with its token.'
  )
