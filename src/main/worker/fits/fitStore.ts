import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { bytesOfFit, fitOfBytes } from '../../../core/quant/quantize/fitBytes'
import type { ReconstructedLayer } from '../../../core/quant/quantize/reconstruct'
import { readInfo } from '../../../core/worker/serverCheck'
import type { CodeIdentity } from '../codeIdentity'
import { keys, sha256 } from '../queue/queueJob'
import type { QueueServer } from '../queue/queueServer'

/** How long a fit is kept, s: other workers of a search want it within minutes. */
const keptSeconds = 600
/** Bytes of all fits on a server; the oldest leave for new ones. */
export const fitsLimitBytes = 64 * 2 ** 20
/** A larger fit takes longer to send than to make. */
const maxFitBytes = 4 * 2 ** 20
/** Fits requested at once. */
const maxKeys = 1_000
/** Between two looks at who else works and how full the server is, ms. */
const lookEveryMs = 3_000
/** Bytes that are looked at until others may run on this process's main thread: 8 MiB take about 8 ms. */
const bytesInTurn = 8 * 2 ** 20
/** Bytes of SHA-256 before a fit. */
const hashBytes = 32

/** Keeps a fit unless one is there, and lets the oldest go; entries of the list are "SIZE:KEY". */
const keepScript = `
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[2]) then return 0 end
local total = redis.call('INCRBY', KEYS[3], #ARGV[1])
redis.call('RPUSH', KEYS[2], #ARGV[1] .. ':' .. KEYS[1])
while total > tonumber(ARGV[3]) do
  local oldest = redis.call('LPOP', KEYS[2])
  if not oldest then
    redis.call('SET', KEYS[3], 0)
    break
  end
  local size, key = string.match(oldest, '^(%d+):(.*)$')
  redis.call('DEL', key)
  total = redis.call('DECRBY', KEYS[3], size)
end
redis.call('EXPIRE', KEYS[2], 2 * ARGV[2])
redis.call('EXPIRE', KEYS[3], 2 * ARGV[2])
return 1`

/** Fits on the queue server, for workers of the same code and arithmetic. They only save time: no method throws. */
export interface FitStore {
  /** One entry a key; null where it is not on the server or the server is not reached. */
  find(content: string, names: readonly string[]): Promise<(ReconstructedLayer | null)[]>
  /** Nothing is sent where no other worker is connected, or where the server has little room. */
  publish(content: string, name: string, fit: ReconstructedLayer): Promise<void>
}

/** @param limitBytes of all fits on the server */
export function createFitStore(
  server: QueueServer,
  identity: Pick<CodeIdentity, 'code' | 'arithmetic'>,
  nowMs: () => number,
  limitBytes = fitsLimitBytes
): FitStore {
  const { code, arithmetic } = identity
  const isWanted = createWantedLook(server, nowMs)
  const hashOf = (content: string, name: string): string =>
    sha256(JSON.stringify([code, arithmetic, content, name]))
  const isUsable = (): boolean => server.state === 'up' && server.problem === null

  return {
    async find(content, names) {
      const none = names.map(() => null)
      if (!isUsable() || names.length > maxKeys || !isWanted()) return none
      const hashes = names.map((name) => hashOf(content, name))
      const found = await server.client.mgetBuffer(hashes.map(keys.fit)).catch(() => none)
      const fits: (ReconstructedLayer | null)[] = []
      let lookedAtBytes = 0
      for (const [at, bytes] of found.entries()) {
        if (lookedAtBytes > bytesInTurn) {
          lookedAtBytes = 0
          await setImmediate()
        }
        lookedAtBytes += bytes?.length ?? 0
        fits.push(bytes === null ? null : checked(bytes, hashes[at]))
      }
      return fits
    },
    async publish(content, name, fit) {
      if (!isUsable() || fit.codes.length > maxFitBytes || !isWanted()) return
      const hash = hashOf(content, name)
      const bytes = bytesOfFit(fit)
      const value = Buffer.concat([checksum(hash, bytes), bytes])
      await server.client
        .eval(keepScript, 3, keys.fit(hash), keys.fits, keys.fitBytes, value, keptSeconds, limitBytes)
        .catch(() => undefined)
    }
  }
}

/** Whether another worker listens and the server has room, as it was some seconds ago; true before the first look. */
function createWantedLook({ client }: QueueServer, nowMs: () => number): () => boolean {
  let lookedAtMs = -Infinity
  let isWanted = true
  const look = async (): Promise<void> => {
    const [listeners, memory] = await Promise.all([
      client.pubsub('NUMSUB', keys.cancel),
      client.info('memory')
    ])
    const fields = readInfo(memory)
    const most = Number(fields.get('maxmemory') ?? 0)
    isWanted = Number(listeners[1]) > 1 && (most === 0 || 2 * Number(fields.get('used_memory') ?? 0) < most)
  }
  return () => {
    if (nowMs() - lookedAtMs >= lookEveryMs) {
      lookedAtMs = nowMs()
      look().catch(() => undefined)
    }
    return isWanted
  }
}

/** The fit behind its hash; null where they do not belong together. */
function checked(bytes: Buffer, hash: string): ReconstructedLayer | null {
  const body = bytes.subarray(hashBytes)
  return checksum(hash, body).equals(bytes.subarray(0, hashBytes)) ? fitOfBytes(body) : null
}

/** Of a fit under its key: a value under another key is none. */
const checksum = (hash: string, bytes: Uint8Array): Buffer =>
  createHash('sha256').update(hash).update(bytes).digest()
