import { createHash } from 'node:crypto'
import { isMainThread } from 'node:worker_threads'
import type { BoundedCache } from '../../core/quant/quantize/boundedCache'
import type { ByteCache } from '../../core/quant/quantize/byteCache'
import type { ActivationRanges } from '../../core/quant/quantize/calibration'
import type { FittedMoments } from '../../core/quant/quantize/channelFits'
import type { ReconstructedLayer } from '../../core/quant/quantize/reconstruct'
import type { IntegerLayer } from '../../core/quant/quantizedNetwork'
import { inSharedMemory } from '../threads/sharedMemory'
import { openThreadChannel, type ThreadChannel } from '../threads/threadChannel'
import { sendingCache, type Fit } from './sendingCache'

/**
 * Threads of one process that fit the same network on the same items share what they have fitted: a layer, its codes, moments and output
 * bytes are the same in every thread, bit for bit, so that a search has the same trace with one worker and with several.
 */
export type FitMessage = { readonly content: string } & (
  | { readonly kind: 'joined' | 'present' }
  | { readonly kind: 'layer'; readonly fit: Fit<IntegerLayer> }
  | { readonly kind: 'moments'; readonly fit: Fit<FittedMoments> }
  | { readonly kind: 'rounded'; readonly fit: Fit<ReconstructedLayer> }
  | { readonly kind: 'codes' | 'outputs'; readonly fit: Fit<Uint8Array> }
)

/** Ranges whose fits are shared, until it is left. */
export interface JoinedFits {
  readonly ranges: ActivationRanges
  leave(): void
}

/** Outputs over judged items that are shared, until it is left. */
export interface JoinedOutputs {
  readonly cache: ByteCache
  leave(): void
}

/** What this thread fits, by the content that it is fitted on. */
export interface FitExchange {
  /** @param content names network and items: equal texts mean equal ranges */
  join(content: string, ranges: ActivationRanges): JoinedFits
  /** @param content names network and data set: equal texts mean equal outputs under equal keys */
  joinOutputs(content: string, cache: ByteCache): JoinedOutputs
}

interface Member {
  /** Keeps what another thread has sent. */
  receive(message: FitMessage): void
  /** Whether another thread fits the same; before, nothing is copied or sent. */
  hasPeers: boolean
}

/** Returns the exchange of one thread. */
export function createFitExchange(channel: ThreadChannel<FitMessage>): FitExchange {
  const members = new Map<string, Member>()
  const post = (message: FitMessage): void => channel.post(message)
  channel.onMessage((message) => {
    const member = members.get(message.content)
    if (member === undefined) return
    member.hasPeers = true
    if (message.kind === 'joined') post({ kind: 'present', content: message.content })
    else member.receive(message)
  })

  function enter(content: string, receive: Member['receive']) {
    const member: Member = { receive, hasPeers: false }
    members.set(content, member)
    post({ kind: 'joined', content })
    return {
      /** Sends a fit as it is. */
      plain:
        <T>(kind: 'layer' | 'rounded') =>
        (fit: Fit<T>): void => {
          if (member.hasPeers) post({ kind, content, fit } as FitMessage)
        },
      /** Sends a copy that all threads read. Its own array is kept: onnxruntime takes it as it is, shared memory only copied. */
      inShared:
        <T>(kind: 'moments' | 'codes' | 'outputs') =>
        (fit: Fit<T>): void => {
          if (member.hasPeers)
            post({ kind, content, fit: { ...fit, value: inSharedMemory(fit.value) } } as FitMessage)
        },
      leave: () => void (members.get(content) === member && members.delete(content))
    }
  }

  return {
    join(content, ranges) {
      const { plain, inShared, leave } = enter(content, (message) => keepFit(ranges, message))
      return {
        ranges: {
          ...ranges,
          layerCache: sendingCache(ranges.layerCache, plain('layer')),
          momentCache: sendingCache(ranges.momentCache, inShared('moments')),
          roundedCache: sendingCache(ranges.roundedCache, plain('rounded')),
          codesCache: { ...ranges.codesCache, ...sendingCache(ranges.codesCache, inShared('codes')) },
          // Numbers would mean another text in every thread.
          nameOf: hashOf
        },
        leave
      }
    },
    joinOutputs(content, cache) {
      const { inShared, leave } = enter(content, (message) => {
        if (message.kind === 'outputs') keep(cache, message.fit)
      })
      return { cache: { ...cache, ...sendingCache(cache, inShared('outputs')) }, leave }
    }
  }
}

function keepFit(ranges: ActivationRanges, message: FitMessage): void {
  if (message.kind === 'layer') keep(ranges.layerCache, message.fit)
  else if (message.kind === 'moments') keep(ranges.momentCache, message.fit)
  else if (message.kind === 'rounded') keep(ranges.roundedCache, message.fit)
  else if (message.kind === 'codes') keep(ranges.codesCache, message.fit)
}

function keep<T>(cache: BoundedCache<T>, { key, value, sizeBytes }: Fit<T>): void {
  cache.set(key, value, sizeBytes)
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

let exchange: FitExchange | undefined
const ownExchange = (): FitExchange => (exchange ??= createFitExchange(openThreadChannel('bitbench fits')))

/** Shares fits with the other worker threads of this process; on the main thread, which has no equals, with none. */
export function joinFits(content: string, ranges: ActivationRanges): JoinedFits {
  return isMainThread ? { ranges, leave: () => undefined } : ownExchange().join(content, ranges)
}

/** The same of outputs over judged items. */
export function joinOutputs(content: string, cache: ByteCache): JoinedOutputs {
  return isMainThread ? { cache, leave: () => undefined } : ownExchange().joinOutputs(content, cache)
}
