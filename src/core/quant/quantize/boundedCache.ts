/** Keeps the most recently used values up to a number of bytes. */
export interface BoundedCache<T> {
  get(key: string): T | undefined
  set(key: string, value: T, sizeBytes: number): void
}

/** Returns a cache that drops the entries not used for longest once it holds more than `limitBytes`. */
export function createBoundedCache<T>(limitBytes: number): BoundedCache<T> {
  const entries = new Map<string, { value: T; sizeBytes: number }>()
  let heldBytes = 0
  return {
    get(key) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      // A Map keeps insertion order: putting it back makes it the youngest.
      entries.delete(key)
      entries.set(key, entry)
      return entry.value
    },
    set(key, value, sizeBytes) {
      heldBytes += sizeBytes - (entries.get(key)?.sizeBytes ?? 0)
      entries.delete(key)
      entries.set(key, { value, sizeBytes })
      for (const [oldest, entry] of entries) {
        if (heldBytes <= limitBytes || entries.size === 1) return
        entries.delete(oldest)
        heldBytes -= entry.sizeBytes
      }
    }
  }
}
