import { readNetworkAddress } from '../../core/board/network/address'

/**
 * Name of a board's line that is equal on every host: HOST:PORT of a console on the network, whatever protocol is spoken there,
 * or HOST and device path of a serial port. A loopback address means the host it is used on; behind a tunnel the address says
 * with ?board=HOST:PORT where the console is.
 */
export function boardLeaseName(port: string, ownHost: string): string {
  const address = readNetworkAddress(port)
  if (address === null) return `${ownHost} ${port}`
  if (address.board !== undefined) return address.board
  const host = address.host.toLowerCase()
  const isLoopback = host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
  return `${isLoopback ? ownHost : host}:${address.tcpPort}`
}
