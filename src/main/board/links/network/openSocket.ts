import { connect, type Socket } from 'node:net'
import { type NetworkAddress, networkAddressText } from '../../../../core/board/network/address'
import { connectFailure, connectTimedOut } from './networkErrors'

/** Idle time after which the system probes the connection, ms: otherwise a dead server would never be noticed. */
const keepAliveAfterMs = 15_000

/**
 * A TCP connection without Nagle's delay, and how long its handshake took: one round trip.
 *
 * @throws board.notFound (name, port, machine), board.timeout
 */
export async function openSocket(
  address: NetworkAddress,
  timeoutMs: number
): Promise<{ socket: Socket; connectMs: number }> {
  const label = networkAddressText(address)
  let beganMs = performance.now()
  const socket = connect({ host: address.host, port: address.tcpPort, noDelay: true })
  socket.once('lookup', () => (beganMs = performance.now()))
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(connectTimedOut(label, timeoutMs)), timeoutMs)
      socket.once('connect', () => {
        clearTimeout(timer)
        resolve()
      })
      socket.once('error', (cause: NodeJS.ErrnoException) => {
        clearTimeout(timer)
        reject(connectFailure(label, address.host, firstOf(cause)))
      })
    })
  } catch (error) {
    // An error after the time-out is ignored; without a listener it would end the process.
    socket.on('error', () => undefined)
    socket.destroy()
    throw error
  }
  socket.removeAllListeners('error')
  socket.setKeepAlive(true, keepAliveAfterMs)
  return { socket, connectMs: performance.now() - beganMs }
}

/** A name with several addresses fails with all their errors in one. */
function firstOf(cause: NodeJS.ErrnoException): NodeJS.ErrnoException {
  const inner = (cause as { errors?: NodeJS.ErrnoException[] }).errors?.[0]
  return inner ?? cause
}
