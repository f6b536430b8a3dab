import type { IncomingMessage, Server } from 'node:http'
import { WebSocketServer, type WebSocket } from 'ws'
import { webPaths, webSocketProtocol } from '../../../shared/contract/framework/transport'
import { createOutbox, type EventBus } from '../eventBus'
import { isOwnRequest, isSameSecret, pathOf } from './requestChecks'

/** A client from which no pong comes within this time is dropped. */
const heartbeatMs = 15_000

/**
 * Sends every event to every WebSocket that opens with the token as its protocol. Other upgrades are refused, and no
 * error of a connection leaves this function. Returns what closes all sockets.
 */
export function serveEvents(
  server: Server,
  options: { token: string; events: EventBus; log: (line: string) => void }
): () => void {
  const protocol = webSocketProtocol(options.token)
  const logFailure =
    (what: string) =>
    (cause: Error): void =>
      options.log(`A ${what} failed: ${cause.message}`)
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: 64 * 1024,
    handleProtocols: (offered) => (offered.has(protocol) ? protocol : false)
  })
  sockets.on('wsClientError', (cause, socket) => {
    logFailure('WebSocket handshake')(cause)
    socket.destroy()
  })
  server.on('upgrade', (request, socket, head) => {
    // Without a listener, a reset by the peer would be an uncaught exception of the process.
    socket.on('error', logFailure('WebSocket connection'))
    if (!isAccepted(request, protocol)) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n', () => socket.destroy())
      return
    }
    sockets.handleUpgrade(request, socket, head, (client) => attach(client, options.events))
  })
  return () => {
    for (const client of sockets.clients) client.terminate()
    sockets.close()
  }
}

function isAccepted(request: IncomingMessage, protocol: string): boolean {
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((part) => part.trim())
  const isKnown = offered.some((candidate) => isSameSecret(candidate, protocol))
  return isKnown && pathOf(request) === webPaths.events && isOwnRequest(request)
}

/** Sends events to one client until it goes. */
function attach(client: WebSocket, events: EventBus): void {
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
