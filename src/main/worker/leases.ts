import type { Redis } from 'ioredis'
import { z } from 'zod'
import type { LeaseInfo } from '../../shared/contract/worker'
import { AppError } from '../../shared/errors'
import { keyPrefix } from './queue/queueJob'
import { connectionFault } from './queue/queueErrors'
import { serverNowMs } from './workerRegistry'

/** How long a lease holds without being renewed, ms. */
export const leaseMs = 15_000

const holderSchema = z.object({
  /** Grows with every lease that is given: a later holder has a larger one. */
  token: z.number(),
  host: z.string(),
  pid: z.number(),
  user: z.string(),
  /** By the server's clock. */
  sinceMs: z.number()
})

/** Who holds a lease. */
export type LeaseHolder = z.infer<typeof holderSchema>

/** A lease that is held and renewed. */
export interface HeldLease {
  readonly token: number
  /** Calls the listener once when it is no longer held without having been released: expired or taken away; at once where that was before. */
  onLost(listener: (why: string) => void): void
  /** Gives it back; does nothing to a lease that another one holds by now. Idempotent. */
  release(): Promise<void>
}

const leaseKey = (name: string): string => `${keyPrefix}:lease:${name}`
const namesKey = `${keyPrefix}:leases`
const tokenKey = `${keyPrefix}:leaseToken`

/** Both compare the whole value, which holds the token: a former holder changes nothing. */
const renewScript =
  "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
const releaseScript =
  "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SREM', KEYS[2], ARGV[2]) return redis.call('DEL', KEYS[1]) end return 0"

/**
 * Takes a lease and renews it until it is released.
 * @param who this process, as others see it
 * @param steadyMs a clock that only goes forward; the lease counts as lost where it was not renewed for its length by this clock
 * @throws AppError board.busy with holder, host and time left; errors of the connection
 */
export async function takeLease(
  client: Redis,
  name: string,
  who: Pick<LeaseHolder, 'host' | 'pid' | 'user'>,
  options: { leaseMs?: number; steadyMs?: () => number } = {}
): Promise<HeldLease> {
  const lengthMs = options.leaseMs ?? leaseMs
  const steadyMs = options.steadyMs ?? (() => performance.now())
  const key = leaseKey(name)
  const [sinceMs, token] = await Promise.all([serverNowMs(client), client.incr(tokenKey)])
  const value = JSON.stringify({ token, ...who, sinceMs } satisfies LeaseHolder)
  // Before the request: on the server it begins later.
  let heldSinceMs = steadyMs()
  await client.sadd(namesKey, name)
  const given = await client.set(key, value, 'PX', lengthMs, 'NX')
  // A connection that broke after the server had set it sends it again: the value holds this very token.
  if (given === null && (await client.get(key)) !== value) throw await held(client, name)

  const listeners = new Set<(why: string) => void>()
  let isOver = false
  let lostWhy: string | null = null
  const end = (why: string | null): void => {
    if (isOver) return
    isOver = true
    lostWhy = why
    clearInterval(timer)
    if (why !== null) for (const listener of listeners) listener(why)
  }
  const renew = async (): Promise<void> => {
    const atMs = steadyMs()
    try {
      if ((await client.eval(renewScript, 1, key, value, lengthMs)) === 1) heldSinceMs = atMs
      else end('another holder has it, or it was removed on the queue server')
    } catch (reason) {
      if (connectionFault(reason) === null) end(String(reason))
    }
    if (steadyMs() - heldSinceMs >= lengthMs) end('the queue server could not be reached to renew it')
  }
  // A command to a server that hangs may take as long as the lease: the time is checked beside it.
  const timer = setInterval(() => {
    if (steadyMs() - heldSinceMs >= lengthMs) end('the queue server could not be reached to renew it')
    else void renew()
  }, lengthMs / 5)
  timer.unref()
  return {
    token,
    onLost: (listener) => {
      // A line may take as long to open as the lease takes to be lost.
      if (lostWhy === null) listeners.add(listener)
      else listener(lostWhy)
    },
    async release() {
      if (isOver) return
      end(null)
      // Where the server is gone it expires by itself.
      await client.eval(releaseScript, 2, key, namesKey, value, name).catch(() => undefined)
    }
  }
}

async function held(client: Redis, name: string): Promise<AppError> {
  const [text, leftMs] = await Promise.all([client.get(leaseKey(name)), client.pttl(leaseKey(name))])
  const holder = text === null ? undefined : readHolder(text)
  const left = Math.max(0, leftMs)
  const who =
    holder === undefined ? 'another Bitbench' : `${holder.user}, process ${holder.pid} on ${holder.host}`
  return new AppError(
    'board.busy',
    `${name} is held by ${who}; the lease lasts ${(left / 1000).toFixed(1)} s more and is renewed while it is in use.`,
    'Disconnect the board there. A holder that was killed loses it when the lease has run out.',
    { details: { name, holder: holder ?? null, leftMs: left } }
  )
}

/** All leases that are held now, by name. */
export async function listLeases(client: Redis): Promise<LeaseInfo[]> {
  const names = (await client.smembers(namesKey)).sort()
  if (names.length === 0) return []
  const replies = await Promise.all(
    names.map((name) => Promise.all([client.get(leaseKey(name)), client.pttl(leaseKey(name))]))
  )
  const nowMs = await serverNowMs(client)
  return names.flatMap((name, at): LeaseInfo[] => {
    const [text, leftMs] = replies[at]
    const holder = text === null ? undefined : readHolder(text)
    if (holder === undefined || leftMs < 0) return []
    const { sinceMs, ...who } = holder
    return [{ name, ...who, heldMs: Math.max(0, nowMs - sinceMs), leftMs }]
  })
}

function readHolder(text: string): LeaseHolder | undefined {
  try {
    return holderSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
