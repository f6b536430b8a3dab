import { AppError } from '../../../shared/errors'

/** Where the queue server is. Holds the password: never log it, show `shown`. */
export interface QueueAddress {
  readonly host: string
  readonly tcpPort: number
  readonly database: number
  readonly username: string | null
  readonly password: string | null
  readonly tls: boolean
  /** Without user and password. */
  readonly shown: string
}

const defaultTcpPort = 6379

/**
 * Reads `redis://[[user]:password@]host[:port][/database]`, or `rediss://` for TLS.
 * @throws AppError input.invalid; its message holds no part of the address but the scheme
 */
export function parseQueueAddress(text: string): QueueAddress {
  const trimmed = text.trim()
  if (!URL.canParse(trimmed)) throw invalid('The address of the queue server cannot be read.')
  const url = new URL(trimmed)
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:')
    throw invalid(`A queue server's address begins with redis:// or rediss://, not ${url.protocol}//.`)
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (host === '') throw invalid('The address of the queue server names no host.')
  const database = url.pathname.replace(/^\//, '')
  if (!/^\d{0,3}$/.test(database))
    throw invalid('Behind the host stands the number of a database, or nothing.')
  if (url.search !== '' || url.hash !== '')
    throw invalid('The address of a queue server has nothing behind the database.')
  const tcpPort = url.port === '' ? defaultTcpPort : Number(url.port)
  if (tcpPort === 0) throw invalid('The TCP port of the queue server is not 0.')
  return {
    host,
    tcpPort,
    database: database === '' ? 0 : Number(database),
    username: url.username === '' ? null : decoded(url.username),
    password: url.password === '' ? null : decoded(url.password),
    tls: url.protocol === 'rediss:',
    shown: `${url.protocol}//${url.hostname}:${tcpPort}${database === '' ? '' : `/${database}`}`
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid('User or password of the queue server holds a "%" that is not written as %25.')
  }
}

function invalid(message: string): AppError {
  return new AppError(
    'input.invalid',
    message,
    'Write redis://HOST, redis://:PASSWORD@HOST:PORT, or rediss://HOST for TLS.'
  )
}
