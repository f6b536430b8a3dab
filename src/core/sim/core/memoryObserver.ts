import type { Cache } from '../devices/cache'

/** What a hart shows while it runs: fetches, accesses and reads of its counters. */
export interface MemoryObserver {
  /** Stands where the instruction cache is: `access` is called for every fetch from another line than the last. */
  readonly fetches: Cache
  /** Stands where the data cache is: `access` is called for every load and store in RAM. */
  readonly accesses: Cache
  /** The guest reads its counter of instructions. */
  counterRead(): void
}
