/** A looped layer takes copies of its inputs in turn that are together so many times the cache. */
export const cacheFactor = 2
/** Copies without a known cache, and the fewest with one. */
export const minCopies = 8

/** Bounds of the copies of one looped layer. */
export interface CopyBounds {
  /** What the runtime can loop over in acceptable time. */
  readonly maxCopies: number
  /** Memory for all copies. */
  readonly maxBytes: number
}

/**
 * How many copies of `bytes` each a looped layer takes in turn, so that one is not found in the cache of `cacheBytes`
 * when its turn comes again: ceil(cache x 2 / bytes), at least 8, as far as the bounds allow and never below 1.
 */
export function copiesFor(
  bytes: number,
  cacheBytes: number | null,
  { maxCopies, maxBytes }: CopyBounds
): number {
  const wanted = cacheBytes === null || bytes <= 0 ? minCopies : Math.ceil((cacheFactor * cacheBytes) / bytes)
  const room = bytes <= 0 ? maxCopies : Math.floor(maxBytes / bytes)
  return Math.max(1, Math.min(Math.max(minCopies, wanted), maxCopies, room))
}
