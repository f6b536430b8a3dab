import { type ComPortCommand, comPortRequest, readComPortReply } from '../../../../core/board/network/comPort'
import { TelnetCodec, telnetOptions } from '../../../../core/board/network/telnet'

const { binary, echo, suppressGoAhead, comPort } = telnetOptions

/** Telnet over a socket: negotiation, escapes, and requests for the serial line behind the server (RFC 2217). */
export interface TelnetConsole {
  /** Offers and requests of options; the first bytes to send. */
  start(): Uint8Array
  /** Takes bytes from the network and returns those that the serial line sent. */
  receive(bytes: Uint8Array): Uint8Array
  encode(data: Uint8Array): Uint8Array
  /** Settles when the server has replied to every option requested; false when it has not within `timeoutMs`. */
  negotiated(timeoutMs: number): Promise<boolean>
  /** Whether the server lets its serial line be controlled. */
  readonly controlsLine: boolean
  /** Sets one property of the line and returns the value that the server reports; null without a reply in time. */
  request(command: ComPortCommand, value: number, timeoutMs: number): Promise<number | null>
  /** True as soon as the server accepts data (it may suspend the client, RFC 2217); false after `timeoutMs`. */
  mayWrite(timeoutMs: number): Promise<boolean>
  /** Ends all waits, because the connection has ended. */
  end(): void
}

/** @param send sends bytes as they are; its failures show as the end of the connection */
export function createTelnetConsole(
  send: (bytes: Uint8Array) => Promise<void>,
  wantsControl: boolean
): TelnetConsole {
  const codec = new TelnetCodec(
    [binary, suppressGoAhead, ...(wantsControl ? [comPort] : [])],
    [binary, suppressGoAhead, echo]
  )
  const { changed, until, end } = createWaits()
  const replies = new Map<ComPortCommand, number>()
  let isSuspended = false
  let tail: Promise<unknown> = Promise.resolve()

  const isNegotiated = (): boolean =>
    codec.remoteState(binary) !== 'wanted' &&
    codec.localState(binary) !== 'wanted' &&
    codec.localState(comPort) !== 'wanted'

  const ask = async (command: ComPortCommand, value: number, timeoutMs: number): Promise<number | null> => {
    replies.delete(command)
    await send(codec.subnegotiate(comPort, comPortRequest(command, value))).catch(() => undefined)
    await until(() => replies.has(command), timeoutMs)
    return replies.get(command) ?? null
  }

  return {
    start: () => codec.start(),
    encode: (data) => codec.encode(data),
    get controlsLine() {
      return codec.localState(comPort) === 'on'
    },
    receive(bytes) {
      const { data, subnegotiations, reply } = codec.receive(bytes)
      if (reply.length > 0) void send(reply).catch(() => undefined)
      for (const { option, bytes: content } of subnegotiations) {
        const said = option === comPort ? readComPortReply(content) : null
        if (said === null) continue
        if (said.command === 'suspend' || said.command === 'resume') isSuspended = said.command === 'suspend'
        else replies.set(said.command, said.value)
      }
      changed()
      return data
    },
    async negotiated(timeoutMs) {
      await until(isNegotiated, timeoutMs)
      return isNegotiated()
    },
    request(command, value, timeoutMs) {
      const reply = tail.then(() => ask(command, value, timeoutMs))
      tail = reply
      return reply
    },
    async mayWrite(timeoutMs) {
      await until(() => !isSuspended, timeoutMs)
      return !isSuspended
    },
    end
  }
}

/** Waits that look again at each change. */
function createWaits() {
  const watchers = new Set<() => void>()
  let hasEnded = false

  const changed = (): void => {
    for (const look of [...watchers]) look()
  }
  /** Settles when `isDone` holds, at the end of the connection, or after `timeoutMs`. */
  const until = (isDone: () => boolean, timeoutMs: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (isDone() || hasEnded) finish()
      }
      const finish = (): void => {
        clearTimeout(timer)
        watchers.delete(look)
        resolve()
      }
      const timer = setTimeout(finish, timeoutMs)
      watchers.add(look)
      look()
    })

  return {
    changed,
    until,
    end(): void {
      hasEnded = true
      changed()
    }
  }
}
