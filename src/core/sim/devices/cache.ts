import type { CacheShape } from '../core/timing'

/** Marks a way that holds no line: its line number (-1 >> 1 = -1) matches no address. */
const emptyWay = -1

/**
 * Tags of a set-associative cache with exact least-recently-used replacement. It holds no data: RAM is always right,
 * only time depends on it.
 *
 * Each set is a list of ways, most recent first, so a hit in way 0 changes nothing. The engines test that way
 * themselves and call access() for anything else:
 *   load  hits in way 0 when (tags[(line & setMask) << wayShift] | 1) === (line << 1 | 1)
 *   store hits in way 0, already dirty, when tags[...] === (line << 1 | 1)
 * A tag is line << 1 | dirty. Lines are numbered from the base of RAM.
 */
export class Cache {
  readonly tags: Int32Array
  readonly setMask: number
  readonly wayShift: number
  /** offset >>> lineShift = line number. */
  readonly lineShift: number
  private readonly ways: number
  private misses = 0

  constructor(
    shape: CacheShape,
    private readonly missCycles: number = shape.missCycles,
    private readonly writeBackCycles = 0
  ) {
    const sets = shape.sizeBytes / shape.lineBytes / shape.ways
    this.ways = shape.ways
    this.setMask = sets - 1
    this.wayShift = Math.log2(shape.ways)
    this.lineShift = Math.log2(shape.lineBytes)
    this.tags = new Int32Array(sets * shape.ways).fill(emptyWay)
  }

  /** Looks a line up, makes it the most recent of its set, marks it dirty if `write`; returns the cycles it costs. */
  access(line: number, write: 0 | 1): number {
    const { tags, ways } = this
    const first = (line & this.setMask) << this.wayShift
    const last = first + ways - 1
    let way = first
    while (way < last && tags[way] >> 1 !== line) way++
    let tag = tags[way]
    let cycles = 0
    if (tag >> 1 !== line) {
      cycles = this.missCycles
      this.misses++
      if (tag !== emptyWay && (tag & 1) === 1) cycles += this.writeBackCycles
      tag = line << 1
    }
    for (; way > first; way--) tags[way] = tags[way - 1]
    tags[first] = tag | write
    return cycles
  }

  /** Bytes of the lines that were fetched since the beginning or restart(). */
  get fetchedBytes(): number {
    return this.misses * (1 << this.lineShift)
  }

  /** Forgets everything and counts from zero. */
  restart(): void {
    this.clear()
    this.misses = 0
  }

  /** Forgets everything, dirty lines too (their cost is not charged). */
  clear(): void {
    this.tags.fill(emptyWay)
  }
}
