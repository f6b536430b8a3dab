import { Cache } from './cache'
import type { CacheShape, CycleModel } from '../core/timing'

/** A first-level cache whose misses are looked up in the second level, line by line. */
class BackedCache extends Cache {
  constructor(
    shape: CacheShape,
    writeBackCycles: number,
    private readonly second: Cache,
    private readonly storesPassThrough: boolean
  ) {
    super(shape, shape.missCycles, writeBackCycles)
  }

  override access(line: number, write: 0 | 1): number {
    if (write === 1 && this.storesPassThrough) return this.lookUp(line << this.lineShift, 1)
    const cycles = super.access(line, write)
    return cycles === 0 ? 0 : cycles + this.fill(line << this.lineShift)
  }

  /** The second level is looked up for each of its own lines in the one that comes in. */
  private fill(start: number): number {
    const lineBytes = 1 << this.lineShift
    const step = Math.min(lineBytes, 1 << this.second.lineShift)
    let cycles = 0
    for (let offset = start; offset < start + lineBytes; offset += step) cycles += this.lookUp(offset, 0)
    return cycles
  }

  private lookUp(offset: number, write: 0 | 1): number {
    return this.second.access(offset >> this.second.lineShift, write)
  }
}

/** Caches of a core; null where it has none. */
export interface CacheLevels {
  instruction: Cache | null
  data: Cache | null
  second: Cache | null
  /** Stores have to be shown to the data cache. */
  seesStores: boolean
}

/** The caches of a cycle model, one level or two. A miss that costs nothing at the first level is not looked up at the second. */
export function createCaches(model: CycleModel | null): CacheLevels {
  const second = model?.secondLevelCache
    ? new Cache(
        model.secondLevelCache,
        model.secondLevelCache.missCycles,
        model.secondLevelCache.writeBackCycles
      )
    : null
  const { instructionCache = null, dataCache = null } = model ?? {}
  const through = dataCache?.writePolicy === 'through'
  const create = (shape: CacheShape, writeBackCycles: number, storesPassThrough: boolean): Cache =>
    second === null
      ? new Cache(shape, shape.missCycles, writeBackCycles)
      : new BackedCache(shape, writeBackCycles, second, storesPassThrough)
  return {
    instruction: instructionCache && create(instructionCache, 0, false),
    data: dataCache && create(dataCache, dataCache.writeBackCycles, through),
    second,
    seesStores: dataCache !== null && (!through || second !== null)
  }
}
