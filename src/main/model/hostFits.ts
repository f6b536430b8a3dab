import { randomUUID } from 'node:crypto'
import { isMainThread } from 'node:worker_threads'
import type { ActivationRanges } from '../../core/quant/quantize/calibration'
import { missingFits } from '../../core/quant/quantize/missingFits'
import { roundedBytes } from '../../core/quant/quantize/weightedLayer'
import type { Scheme } from '../../core/quant/scheme'
import { fitsChannel, type FitsMessage } from '../threads/fitMessages'
import { openThreadChannel, type ThreadChannel } from '../threads/threadChannel'
import { sendingCache } from './sendingCache'

/**
 * Fits that processes and hosts share through the queue server (docs/workers.md): before a thread fits the layers of a scheme it
 * looks for all of them at once, and what it fits it makes known. Codes, scales and biases alone travel: they are small, and
 * other layers' outputs follow from them.
 */
export interface HostFits {
  /** Ranges whose new fits are made known. */
  readonly ranges: ActivationRanges
  /** Puts what other processes have fitted of a scheme into the ranges; waits no longer than one fit takes here. */
  look(scheme: Scheme): Promise<void>
}

/** Time of a fit before one was measured, ms. */
const firstFitMs = 20
/** Shorter waits find nothing: a server on the same machine replies within this time, ms. */
const leastWaitMs = 4
/** Replies that may stay away in a row until looks are no longer waited for; as many late ones are still taken. */
const maxUnanswered = 8

/** Returns what shares fits over a channel to the thread with the connection, with `nowMs` a steady clock. */
export function createHostFits(channel: ThreadChannel<FitsMessage>, nowMs: () => number) {
  const waiting = new Map<string, (fits: Extract<FitsMessage, { kind: 'found' }>['fits']) => void>()
  let unanswered = 0
  channel.onMessage((message) => {
    if (message.kind !== 'found') return
    const take = waiting.get(message.id)
    if (take === undefined) return
    waiting.delete(message.id)
    unanswered = 0
    take(message.fits)
  })

  return {
    /** @param content names network, items and steps for all hosts */
    join(content: string, ranges: ActivationRanges): HostFits {
      let fitMs = firstFitMs
      let sinceMs = nowMs()
      let made = 0
      return {
        ranges: {
          ...ranges,
          roundedCache: sendingCache(ranges.roundedCache, ({ key, value: fit }) => {
            fitMs = (nowMs() - sinceMs) / ++made
            channel.post({ kind: 'made', content, key, fit })
          })
        },
        async look(scheme) {
          const keys = missingFits(ranges, scheme)
          if (keys.length > 0) {
            const id = randomUUID()
            // A reply that comes too late for this scheme serves the next one.
            const replied = new Promise<void>((resolve) => {
              waiting.set(id, (fits) => {
                for (const [at, fit] of fits.entries())
                  if (fit !== null) ranges.roundedCache.set(keys[at], fit, roundedBytes(fit))
                resolve()
              })
            })
            const isHeard = unanswered++ < maxUnanswered
            channel.post({ kind: 'look', id, content, keys })
            for (const oldest of waiting.keys()) {
              if (waiting.size <= maxUnanswered) break
              waiting.delete(oldest)
            }
            if (isHeard) await within(Math.max(leastWaitMs, fitMs), replied)
          }
          sinceMs = nowMs()
          made = 0
        }
      }
    }
  }
}

async function within(ms: number, replied: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))
  await Promise.race([replied, late])
  clearTimeout(timer)
}

let own: ReturnType<typeof createHostFits> | undefined

/** Shares fits of this thread; on the main thread, and without a content that is equal on all hosts, nothing is shared. */
export function joinHostFits(content: string | null, ranges: ActivationRanges): HostFits {
  if (isMainThread || content === null) return { ranges, look: async () => undefined }
  own ??= createHostFits(openThreadChannel(fitsChannel), () => performance.now())
  return own.join(content, ranges)
}
