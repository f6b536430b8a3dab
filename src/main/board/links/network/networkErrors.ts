import { foreignProtocol, saidText } from '../../../../core/board/network/firstWords'
import { AppError } from '../../../../shared/errors'
import type { CloseReason } from '../link'

/** Why no connection was made, and what to do about it. */
export function connectFailure(label: string, host: string, cause: NodeJS.ErrnoException): AppError {
  const code = cause.code ?? ''
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAI_NONAME') {
    return new AppError(
      'board.notFound',
      `The name ${host} of ${label} cannot be resolved.`,
      code === 'EAI_AGAIN'
        ? 'The name service did not reply: check the network, or give the IP address.'
        : 'Check the spelling, or give the IP address.',
      { cause }
    )
  }
  if (code === 'ECONNREFUSED') {
    return new AppError(
      'board.notFound',
      `Nothing listens at ${label}.`,
      'Check the port number, and that the console server (ser2net) runs on that machine.',
      { cause }
    )
  }
  return new AppError(
    'board.notFound',
    `${label} cannot be reached: ${cause.message}`,
    'Check that the machine is on and that no firewall is between.',
    { cause }
  )
}

/** Returns the error for a server that does not reply. */
export function connectTimedOut(label: string, timeoutMs: number): AppError {
  return new AppError(
    'board.timeout',
    `${label} did not reply within ${timeoutMs / 1000} s.`,
    'Check that the machine is on and that no firewall drops the connection.'
  )
}

const wrongPortHint = 'Check the port number: another service than the console listens there.'

/** A server that ended the connection right after it accepted it; most send the reason as text. */
export function closedAtOnce(label: string, first: Uint8Array, said: Uint8Array): AppError {
  const foreign = foreignProtocol(first)
  if (foreign !== null) return speaksForeign(label, foreign)
  const text = saidText(said)
  if (text !== null && /in use|busy|occupied|locked/i.test(text)) {
    return new AppError(
      'board.busy',
      `${label} is in use by another client: the server says "${text}".`,
      'Close the other client (a telnet session, another Bitbench) and connect again; with "kickolduser: true" ser2net ends it for you.',
      { details: { said: text } }
    )
  }
  return new AppError(
    'board.disconnected',
    `${label} took the connection and closed it at once${text === null ? '' : `: the server says "${text}"`}.`,
    text === null
      ? 'The server may allow one client only, or clients of certain addresses only.'
      : 'Look at the configuration of the console server and at the device behind this port.',
    { details: { said: text } }
  )
}

/** Returns the error for a server of another protocol. */
export function speaksForeign(label: string, protocol: string): AppError {
  return new AppError('board.protocol', `${label} speaks ${protocol}; this is no console.`, wrongPortHint)
}

/** A server that accepts the connection and never replies to the negotiation. */
export function noTelnet(label: string, timeoutMs: number): AppError {
  return new AppError(
    'board.timeout',
    `${label} took the connection, but did not reply to telnet within ${timeoutMs / 1000} s.`,
    `If the server passes plain bytes, use tcp:// for it; for RFC 2217 set its accepter to telnet(rfc2217).`
  )
}

/** Returns the error for a telnet server without RFC 2217. */
export function refusesComPort(label: string): AppError {
  return new AppError(
    'board.refused',
    `${label} speaks telnet, but refuses to let its serial line be controlled (RFC 2217).`,
    'Use telnet:// for it, or set the server up for RFC 2217 (ser2net: accepter telnet(rfc2217),tcp,PORT).'
  )
}

/** Why the server ended an open connection: the protocol that its first bytes belong to, or the text it sent. */
export function endedByServer(first: Uint8Array, said: Uint8Array): CloseReason {
  const foreign = foreignProtocol(first)
  if (foreign !== null)
    return {
      kind: 'ended',
      text: `the far end speaks ${foreign} and closed the connection`,
      hint: wrongPortHint
    }
  const text = saidText(said)
  return {
    kind: 'ended',
    text: `the server closed the connection${text === null ? '' : ` after saying "${text}"`}`,
    hint: 'Look at the console server and the device behind it; then connect again.'
  }
}

/** Returns why a connection ended, from the socket's error. */
export function brokenConnection(cause: NodeJS.ErrnoException): CloseReason {
  const words: Record<string, string> = {
    ECONNRESET: 'the server reset the connection',
    EPIPE: 'the server closed the connection',
    ETIMEDOUT: 'the server can no longer be reached'
  }
  return {
    kind: 'ended',
    text: words[cause.code ?? ''] ?? `the connection failed (${cause.message})`,
    hint: 'Check the console server and the network; then connect again.'
  }
}
