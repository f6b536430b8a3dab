import { setModemLines } from '../modemLines'
import { type NetworkAddress, networkAddressText } from '../../../../core/board/network/address'
import { foreignProtocol } from '../../../../core/board/network/firstWords'
import { AppError } from '../../../../shared/errors'
import { disconnected, type Link, writeTimedOut, writeTimeoutMs } from '../link'
import { createLinkListeners } from '../linkListeners'
import { closedAtOnce, noTelnet, refusesComPort, speaksForeign } from './networkErrors'
import { openSocket } from './openSocket'
import { probeServer } from './serverProbe'
import { createSerialControl, type SerialControl } from './serialControl'
import { createSocketLine, extendTo, type SocketLine } from './socketLine'
import { createTelnetConsole, type TelnetConsole } from './telnetConsole'

/** Address, speed and waits of a console on the network. */
export interface NetworkOptions {
  address: NetworkAddress
  /** Set over RFC 2217; for the other two schemes the speed the server was set up with, so that waits are long enough. */
  baudRate: number
  /** Modem lines after opening, over RFC 2217 only. */
  dtr?: 'leave' | 'on' | 'off'
  rts?: 'leave' | 'on' | 'off'
  connectTimeoutMs?: number
  /** How long a server may take for the negotiation of telnet. */
  negotiationMs?: number
  /** After this long without a byte an RFC 2217 server gets a request for its speed; without a reply the link ends. */
  probeEveryMs?: number
  /** How long a probed server may take. */
  probeReplyMs?: number
}

/** A server that is in use reports that right after it has accepted the connection; the text takes one more round trip. */
const minSettleMs = 100
const maxSettleMs = 1_000
const maxSaidBytes = 256

/**
 * A console on the network as a link: plain bytes, telnet, or RFC 2217.
 *
 * @throws board.notFound, board.timeout, board.busy, board.refused, board.protocol, board.disconnected
 */
export async function openNetworkLink(options: NetworkOptions): Promise<Link> {
  const { address, connectTimeoutMs = 5_000 } = options
  const label = networkAddressText(address)
  const { socket, connectMs } = await openSocket(address, connectTimeoutMs)
  const listeners = createLinkListeners()
  const telnet =
    address.scheme === 'tcp'
      ? null
      : createTelnetConsole(
          (bytes) => line.write(bytes, writeTimeoutMs(bytes.length, null)),
          address.scheme === 'rfc2217'
        )
  let said: Uint8Array = new Uint8Array(0)
  let heardMs = performance.now()
  const line: SocketLine = createSocketLine({
    socket,
    label,
    said: () => said,
    onBytes(bytes) {
      heardMs = performance.now()
      const data = telnet === null ? bytes : telnet.receive(bytes)
      said = extendTo(maxSaidBytes, said, data)
      listeners.data(data)
    },
    onEnd(reason) {
      telnet?.end()
      listeners.end(reason)
    }
  })
  try {
    const control = telnet === null ? null : await negotiate(telnet, line, label, options)
    if (control === null) await settle(connectMs)
    if (line.closed !== null) throw closedAtOnce(label, line.first, said)
    requireConsole(label, line.first)
    const link = makeLink({
      options,
      label,
      listeners,
      line,
      telnet,
      control,
      connectMs,
      lastHeardMs: () => heardMs
    })
    await setModemLines(link, options)
    return link
  } catch (error) {
    const ended = line.closed !== null
    await line.close()
    throw ended ? closedAtOnce(label, line.first, said) : error
  }
}

/** Telnet's negotiation, and the serial line's settings where they can be set: null where they cannot. */
async function negotiate(
  telnet: TelnetConsole,
  line: SocketLine,
  label: string,
  { address, baudRate, negotiationMs = 3_000 }: NetworkOptions
): Promise<SerialControl | null> {
  await line.write(telnet.start(), writeTimeoutMs(16, null))
  const isDone = await telnet.negotiated(negotiationMs)
  requireConsole(label, line.first)
  // A server that only passes bytes over telnet need not negotiate; one that controls a line must.
  if (address.scheme === 'telnet') return null
  if (!isDone) throw noTelnet(label, negotiationMs)
  if (!telnet.controlsLine) throw refusesComPort(label)
  const control = createSerialControl(telnet, label)
  await control.prepare(baudRate)
  return control
}

async function settle(connectMs: number): Promise<void> {
  const waitMs = Math.min(maxSettleMs, Math.max(minSettleMs, 3 * connectMs))
  await new Promise((resolve) => setTimeout(resolve, waitMs))
}

/** @throws board.protocol when the first bytes are those of another protocol */
function requireConsole(label: string, first: Uint8Array): void {
  const foreign = foreignProtocol(first)
  if (foreign !== null) throw speaksForeign(label, foreign)
}

interface LinkParts {
  options: NetworkOptions
  label: string
  listeners: ReturnType<typeof createLinkListeners>
  line: SocketLine
  telnet: TelnetConsole | null
  control: SerialControl | null
  connectMs: number
  lastHeardMs: () => number
}

function makeLink({ options, label, listeners, line, telnet, control, ...parts }: LinkParts): Link {
  let baudRate = options.baudRate
  let latencyMs = parts.connectMs
  if (control !== null) {
    const stop = probeServer({
      control,
      line,
      everyMs: options.probeEveryMs ?? 20_000,
      replyMs: options.probeReplyMs ?? 10_000,
      lastHeardMs: parts.lastHeardMs,
      onLatency: (ms) => (latencyMs = ms)
    })
    listeners.onClose(stop)
  }
  return {
    get descriptor() {
      // Servers may have small buffers and no way to hold the sender back (2 KiB were seen).
      return { kind: 'network' as const, label, port: label, baudRate, lossy: true, latencyMs }
    },
    get closed() {
      return listeners.closed
    },
    onData: listeners.onData,
    onClose: listeners.onClose,
    async write(bytes, timeoutMs = writeTimeoutMs(bytes.length, baudRate)) {
      if (listeners.closed !== null) throw disconnected(label, listeners.closed)
      const mayWrite = telnet === null || (await telnet.mayWrite(timeoutMs))
      if (!mayWrite) throw writeTimedOut(label, bytes.length, timeoutMs)
      await line.write(telnet === null ? bytes : telnet.encode(bytes), timeoutMs)
    },
    async setBaud(next) {
      if (control !== null) await control.setBaud(next)
      else if (next !== baudRate) throw fixedSpeed(label, next)
      baudRate = next
    },
    setParity: control?.setParity,
    setSignals: async (signals) => (control === null ? false : await control.setSignals(signals)),
    close: () => line.close()
  }
}

function fixedSpeed(label: string, baudRate: number): AppError {
  return new AppError(
    'board.refused',
    `The speed of ${label} is set at the server and cannot be changed to ${baudRate} baud from here.`,
    'Use rfc2217:// for a server that lets its clients choose.'
  )
}
