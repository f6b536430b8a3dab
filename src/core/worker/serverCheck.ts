/** A setting of the queue server under which jobs would be lost. */
export interface ServerFault {
  /** What is wrong, a whole sentence. */
  readonly message: string
  /** The commands that set it right. */
  readonly remedy: string
}

/** Oldest server whose commands BullMQ uses. */
const minVersion = [6, 2] as const

/**
 * What keeps a server from holding jobs safely, read from the text of its INFO command: without the append-only file a
 * crash loses every job; a server that evicts keys loses jobs when its memory is full.
 */
export function serverFaults(info: string): ServerFault[] {
  const fields = readInfo(info)
  const faults: ServerFault[] = []
  const version = fields.get('redis_version') ?? ''
  if (isOlder(version)) {
    faults.push({
      message: `The server is Redis ${version === '' ? 'of an unknown version' : version}; ${minVersion.join('.')} is needed.`,
      remedy: `Install Redis ${minVersion.join('.')} or newer.`
    })
  }
  if (fields.get('aof_enabled') !== '1') {
    faults.push({
      message: 'The server keeps no append-only file: a crash would lose all jobs.',
      remedy: 'redis-cli CONFIG SET appendonly yes'
    })
  }
  const policy = fields.get('maxmemory_policy')
  if (policy !== 'noeviction') {
    faults.push({
      message: `The server may drop jobs when its memory is full (maxmemory-policy ${policy ?? 'unknown'}).`,
      remedy: 'redis-cli CONFIG SET maxmemory-policy noeviction'
    })
  }
  return faults
}

/** Fields of the text of INFO, by name. */
export function readInfo(info: string): Map<string, string> {
  const lines = info.split(/\r?\n/).filter((line) => !line.startsWith('#') && line.includes(':'))
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()])
  )
}

function isOlder(version: string): boolean {
  const found = /^(\d+)\.(\d+)/.exec(version)
  if (found === null) return true
  const [major, minor] = [Number(found[1]), Number(found[2])]
  return major < minVersion[0] || (major === minVersion[0] && minor < minVersion[1])
}
