import { AppError } from '../../../shared/errors'

/** Protocol of a console on the network: plain bytes, telnet, or telnet with control of the serial line (RFC 2217). */
export type NetworkScheme = 'tcp' | 'telnet' | 'rfc2217'

/** Where a console on the network is. */
export interface NetworkAddress {
  readonly scheme: NetworkScheme
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string
  readonly tcpPort: number
  /** HOST:PORT of the console as all hosts know it, where this address is the near end of a tunnel. */
  readonly board?: string
}

/** The port of telnet (RFC 854); the other two have none by convention. */
const telnetPort = 23

const encrypted = /^(tls|ssl|tcps|telnets|rfc2217s|wss|https|ssh):/i
const schemes: readonly string[] = ['tcp', 'telnet', 'rfc2217']

/**
 * `tcp://HOST:PORT`, `telnet://HOST[:PORT]` or `rfc2217://HOST:PORT`; null for what is no such address, a port path for
 * example. IPv6 addresses are written in brackets. `?board=HOST:PORT` behind it names the console at the far end of a tunnel.
 *
 * @throws input.unsupported for encrypted schemes, input.invalid for a damaged address
 */
export function readNetworkAddress(text: string): NetworkAddress | null {
  if (encrypted.test(text)) {
    throw new AppError(
      'input.unsupported',
      `Encrypted consoles (${text.slice(0, text.indexOf(':'))}://) are not supported.`,
      'Forward the port through an ssh tunnel (ssh -L 3000:127.0.0.1:3000 HOST) and use tcp://127.0.0.1:3000.'
    )
  }
  const parts = /^([a-z0-9]+):\/\/(.*)$/i.exec(text)
  const scheme = parts?.[1].toLowerCase()
  if (parts === null || scheme === undefined || !schemes.includes(scheme)) return null
  return { scheme: scheme as NetworkScheme, ...readPlace(scheme as NetworkScheme, parts[2]) }
}

/** The address as a user writes it, which is also the id of the board behind it. */
export function networkAddressText({ scheme, host, tcpPort, board }: NetworkAddress): string {
  const far = board === undefined ? '' : `?board=${board}`
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${tcpPort}${far}`
}

function readPlace(scheme: NetworkScheme, place: string): Omit<NetworkAddress, 'scheme'> {
  const hint = `Write it as ${scheme}://HOST:PORT, for example ${scheme}://lab-server:3000.`
  const invalid = (why: string): AppError => new AppError('input.invalid', why, hint)
  if (place.includes('@'))
    throw invalid(`A user name or password in a ${scheme}:// address is not supported.`)
  const [near, ...rest] = place.split('?')
  const parts = /^(\[[0-9a-f:.]+(?:%[\w.-]+)?\]|[^:/?#[\]\s]+)(?::(\d{1,5}))?\/?$/i.exec(near)
  if (parts === null) throw invalid(`"${scheme}://${place}" is no address of a console.`)
  const host = parts[1].replace(/^\[|\]$/g, '')
  if (parts[2] === undefined && scheme !== 'telnet') throw invalid(`"${scheme}://${place}" names no port.`)
  const tcpPort = parts[2] === undefined ? telnetPort : Number(parts[2])
  if (tcpPort < 1 || tcpPort > 65_535) throw invalid(`${tcpPort} is no TCP port: they go from 1 to 65535.`)
  if (rest.length === 0) return { host, tcpPort }
  const board = /^board=((?:\[[0-9a-f:.]+\]|[\w.-]{1,253}):\d{1,5})$/i.exec(rest.join('?'))?.[1]
  if (board === undefined) throw invalid(`"?${rest.join('?')}" is not ?board=HOST:PORT.`)
  const farPort = Number(board.slice(board.lastIndexOf(':') + 1))
  if (farPort < 1 || farPort > 65_535) throw invalid(`${farPort} is no TCP port: they go from 1 to 65535.`)
  return { host, tcpPort, board: board.toLowerCase() }
}
