import type { Redis } from 'ioredis'

/** The commands of Redis that leases and the list of workers use, on a map, with a clock that the test sets. */
export interface MemoryRedis {
  readonly client: Redis
  /** Texts by key. */
  readonly texts: Map<string, string>
  readonly sets: Map<string, Set<string>>
  /** Of keys that expire, ms by the server's clock. */
  readonly endsMs: Map<string, number>
  readonly clock: { nowMs: number }
  /** Thrown by every command while it is set. */
  fault: Error | null
}

/** Returns an empty one. */
export function createMemoryRedis(): MemoryRedis {
  const texts = new Map<string, string>()
  const sets = new Map<string, Set<string>>()
  const endsMs = new Map<string, number>()
  const clock = { nowMs: 1_000_000 }
  const own: MemoryRedis = { client: {} as Redis, texts, sets, endsMs, clock, fault: null }
  const read = (key: string): string | null => {
    if ((endsMs.get(key) ?? Infinity) <= clock.nowMs) texts.delete(key)
    return texts.get(key) ?? null
  }
  const members = (key: string): Set<string> => {
    const found = sets.get(key) ?? new Set<string>()
    sets.set(key, found)
    return found
  }
  const write = (key: string, value: string, unit: 'EX' | 'PX', length: number, only?: 'NX'): 'OK' | null => {
    if (only === 'NX' && read(key) !== null) return null
    texts.set(key, value)
    endsMs.set(key, clock.nowMs + length * (unit === 'EX' ? 1000 : 1))
    return 'OK'
  }
  const commands: Record<string, (...words: never[]) => unknown> = {
    time: () => [String(Math.floor(clock.nowMs / 1000)), String((clock.nowMs % 1000) * 1000 + 999)],
    incr: (key: string) => {
      const next = Number(read(key) ?? 0) + 1
      texts.set(key, String(next))
      return next
    },
    get: read,
    mget: (keys: string[]) => keys.map(read),
    set: write,
    pttl: (key: string) => (read(key) === null ? -2 : endsMs.get(key)! - clock.nowMs),
    sadd: (key: string, value: string) => members(key).add(value).size,
    srem: (key: string, ...values: string[]) => values.filter((value) => members(key).delete(value)).length,
    smembers: (key: string) => [...members(key)],
    del: (key: string) => Number(texts.delete(key)),
    /** Of a lease alone: renewal with one key, release with two. */
    eval: (_script: string, count: number, key: string, ...words: (string | number)[]) => {
      const value = words[count - 1]
      if (read(key) !== value) return 0
      if (count === 1) endsMs.set(key, clock.nowMs + Number(words[1]))
      else {
        members(String(words[0])).delete(String(words[2]))
        texts.delete(key)
      }
      return 1
    }
  }
  const asynchronous = Object.fromEntries(
    Object.entries(commands).map(([name, command]) => [
      name,
      (...words: never[]) =>
        own.fault === null ? Promise.resolve(command(...words)) : Promise.reject(own.fault)
    ])
  )
  /** Commands that run together at the end. */
  const multi = (): unknown => {
    const waiting: (() => unknown)[] = []
    const chain: Record<string, unknown> = {
      exec: async () => waiting.map((command) => [null, command()])
    }
    for (const [name, command] of Object.entries(commands))
      chain[name] = (...words: never[]) => {
        waiting.push(() => command(...words))
        return chain
      }
    return chain
  }
  Object.assign(own.client, asynchronous, { multi })
  return own
}
