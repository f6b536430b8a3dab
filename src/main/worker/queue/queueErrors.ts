import { AppError } from '../../../shared/errors'

/** Kinds of failure of the connection to the server. */
export type ConnectionFault = 'down' | 'denied' | 'full'

const patterns: readonly [ConnectionFault, RegExp][] = [
  [
    'denied',
    /^(NOAUTH|WRONGPASS|NOPERM)|invalid (username-)?password|called without any password|Client sent AUTH/i
  ],
  ['full', /\b(MISCONF|OOM)\b|No space left/],
  [
    'down',
    /ECONN|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|connect|Connection is closed|isn't writeable|max retries|Command timed out|^(LOADING|READONLY|MASTERDOWN|TRYAGAIN)|socket|certificate|SSL|TLS|self.signed|wrong version number/i
  ]
]

/** The kind of connection failure an error is; null: it is no connection failure. */
export function connectionFault(reason: unknown): ConnectionFault | null {
  if (reason instanceof AppError) return null
  const text = textOf(firstOf(reason))
  return patterns.find(([, pattern]) => pattern.test(text))?.[0] ?? null
}

/** The server's own words without the command they were about: that may hold a password. */
export function textOf(reason: unknown): string {
  const text = reason instanceof Error ? `${reason.message} ${codeOf(reason)}`.trim() : String(reason)
  return text === '' ? 'no reason given' : text
}

/** For a discarded transaction: the error of its first command. */
function firstOf(reason: unknown): unknown {
  const previous = (reason as { previousErrors?: unknown } | null)?.previousErrors
  return Array.isArray(previous) && previous.length > 0 ? (previous[0] as unknown) : reason
}

function codeOf(reason: Error): string {
  const code = (reason as NodeJS.ErrnoException).code
  return typeof code === 'string' && !reason.message.includes(code) ? code : ''
}

/** A failure to use the server, for the user. The cause keeps only the text. */
export function queueError(reason: unknown, shown: string): AppError {
  if (reason instanceof AppError) return reason
  const cause = new Error(textOf(firstOf(reason)))
  const details = { server: shown, reason: cause.message }
  const fault = connectionFault(reason)
  if (fault === 'denied') {
    return new AppError(
      'queue.denied',
      `The queue server ${shown} refused the user or the password.`,
      'Write them into the address: redis://:PASSWORD@HOST or redis://USER:PASSWORD@HOST.',
      { cause, details }
    )
  }
  if (fault === 'full') {
    return new AppError(
      'queue.unreachable',
      sentence(`The queue server ${shown} takes no more data: ${cause.message}`),
      'Free disk space or memory on the server; what waits goes on by itself.',
      { cause, details }
    )
  }
  return new AppError(
    'queue.unreachable',
    sentence(`The queue server ${shown} cannot be reached: ${cause.message}`),
    unreachableHint(cause.message, shown),
    { cause, details }
  )
}

/** What to look at; whether TLS is spoken on one side alone is seen only from how the connection ends. */
function unreachableHint(reason: string, shown: string): string {
  if (/certificate|CERT_|altnames/i.test(reason))
    return 'Name the file of the authority that signed its certificate on the page Workers, in BITBENCH_QUEUE_CA, or with bitbench worker --ca FILE.pem; the certificate must name the host of the address.'
  const check = 'Check that it runs and that this machine may connect'
  const goesOn = 'what waits goes on when it is back.'
  const isTls = shown.startsWith('rediss:')
  if (isTls && /no reply|wrong version number/.test(reason))
    return `${check}; a server without TLS is reached with redis://; ${goesOn}`
  if (!isTls && /ECONNRESET/.test(reason))
    return `${check}; a server with TLS is reached with rediss://; ${goesOn}`
  return `${check}; ${goesOn}`
}

/** The server's words seldom end with a full stop, and a hint follows. */
const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)
