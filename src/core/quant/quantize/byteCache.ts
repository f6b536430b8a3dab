import type { BoundedCache } from './boundedCache'
import { createByteMemory } from './byteMemory'

/**
 * A cache of arrays of bytes in memory that is used again. An evaluation writes some ten to hundred MiB of layers' outputs: new memory
 * for them costs a page fault every 4 KiB, and V8 marks its heap each time 64 MiB of new buffers have come together.
 */
export interface ByteCache extends BoundedCache<Uint8Array> {
  /** An array of undefined content, held once by the caller; the oldest entries may leave for it. */
  take(length: number): Uint8Array<ArrayBuffer>
  /** Says that an array is needed until it is dropped as often; arrays of other origin are left alone. */
  hold(bytes: Uint8Array): void
  /** Ends a hold. Without one, and out of the cache, the array is written over by a later `take`. */
  drop(bytes: Uint8Array): void
}

/** Memory as a multiple of what entries may take: room for arrays that are held and no entries. */
const memoryShare = 1.5
/** A longer part of the memory is not cut: entries would leave for it all at once, and its pages would stay. */
const longestPart = 1 / 2
/** An entry of more than this part of the limit would push out too many others: it is not kept. */
const maxPart = 1 / 8

/** Returns a cache that keeps at most `limitBytes`. */
export function createByteCache(limitBytes: number): ByteCache {
  /** Oldest first. */
  const entries = new Map<string, Uint8Array>()
  let keptBytes = 0
  const memoryBytes = Math.ceil(memoryShare * limitBytes)
  const memory = createByteMemory(memoryBytes)
  /** How often arrays of the memory are held, by the cache too. */
  const holds = new Map<Uint8Array, number>()

  function leave(key: string, bytes: Uint8Array): void {
    entries.delete(key)
    keptBytes -= bytes.length
    drop(bytes)
  }

  function hold(bytes: Uint8Array): void {
    const count = holds.get(bytes)
    if (count !== undefined) holds.set(bytes, count + 1)
  }

  function drop(bytes: Uint8Array): void {
    const count = holds.get(bytes)
    if (count === undefined) return
    if (count > 1) holds.set(bytes, count - 1)
    else {
      holds.delete(bytes)
      memory.giveBack(bytes)
    }
  }

  /** Cuts an array; entries leave, the oldest first, until there is a gap for it. */
  function cut(length: number): Uint8Array<ArrayBuffer> | null {
    if (length > longestPart * memoryBytes) return null
    let found = memory.cut(length)
    for (const [key, bytes] of entries) {
      if (found !== null) break
      // To let go of an entry that someone holds, or of other memory, makes no gap.
      if (holds.get(bytes) !== 1) continue
      leave(key, bytes)
      found = memory.cut(length)
    }
    return found
  }

  return {
    get(key) {
      const bytes = entries.get(key)
      if (bytes === undefined) return undefined
      // A Map keeps insertion order: putting it back makes it the youngest.
      entries.delete(key)
      entries.set(key, bytes)
      return bytes
    },
    set(key, bytes) {
      if (bytes.length > maxPart * limitBytes) return
      hold(bytes)
      const former = entries.get(key)
      if (former !== undefined) leave(key, former)
      entries.set(key, bytes)
      keptBytes += bytes.length
      for (const [oldest, entry] of entries) {
        if (keptBytes <= limitBytes) break
        leave(oldest, entry)
      }
    },
    take(length) {
      const bytes = cut(length)
      // What does not fit is left to the collector.
      if (bytes === null) return new Uint8Array(length)
      holds.set(bytes, 1)
      return bytes
    },
    hold,
    drop
  }
}
