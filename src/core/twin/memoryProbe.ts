import { Cache } from '../sim/devices/cache'
import type { CacheShape, DataCacheShape } from '../sim/core/timing'

/** Caches that a core may have in front of its memory; costs are not part of it. */
export interface MemoryShape {
  name: string
  instruction: CacheGeometry | null
  data: (CacheGeometry & { writePolicy: DataCacheShape['writePolicy'] }) | null
  /** Write-back cache between the first level and SDRAM, shared by instructions and data. */
  second: CacheGeometry | null
}

/** Size, ways and line of a cache, bytes. */
export type CacheGeometry = Pick<CacheShape, 'sizeBytes' | 'ways' | 'lineBytes'>

/** What one memory shape saw. */
export interface MemoryEvents {
  instructionMisses: number
  dataMisses: number
  dataWriteBacks: number
  /** Lines that the second level fetched from SDRAM, for instructions or data. */
  secondMisses: number
  secondWriteBacks: number
}

/** Above any count of misses of one access, so that both can be read from one number. */
const writeBackMark = 16

/** Probes for memory shapes, the first level simulated once for shapes that share it. */
export function createProbes(shapes: readonly MemoryShape[]): {
  probes: MemoryProbe[]
  /** What was counted, by position of the shape. */
  counted(): MemoryEvents[]
} {
  const byFirst = new Map<string, MemoryProbe>()
  const places = shapes.map((shape) => {
    const key = JSON.stringify([shape.instruction, shape.data])
    const probe = byFirst.get(key) ?? new MemoryProbe(shape)
    byFirst.set(key, probe)
    return { probe, second: shape.second && probe.addSecond(shape.second) }
  })
  return {
    probes: [...byFirst.values()],
    counted: () =>
      places.map(({ probe, second }) => ({
        ...probe.counted,
        secondMisses: second?.misses ?? 0,
        secondWriteBacks: second?.writeBacks ?? 0
      }))
  }
}

/** A second level behind a first. */
class SecondProbe {
  misses = 0
  writeBacks = 0
  private readonly cache: Cache

  constructor(shape: CacheGeometry) {
    this.cache = new Cache({ ...shape, missCycles: 1 }, 1, writeBackMark)
  }

  restart(): void {
    this.misses = this.writeBacks = 0
  }

  /** A first-level line comes in: called for each of this cache's lines in it. */
  fill(start: number, lineBytes: number): void {
    const step = Math.min(1 << this.cache.lineShift, lineBytes)
    for (let at = start; at < start + lineBytes; at += step) this.access(at, 0)
  }

  access(offset: number, write: 0 | 1): void {
    const cost = this.cache.access(offset >> this.cache.lineShift, write)
    if (cost === 0) return
    this.misses++
    if (cost > 1) this.writeBacks++
  }
}

/** A first level and what may lie behind it, fed with every fetch and access. */
export class MemoryProbe {
  counted: Pick<MemoryEvents, 'instructionMisses' | 'dataMisses' | 'dataWriteBacks'>
  private readonly instruction: Cache | null
  private readonly data: Cache | null
  private readonly writesBack: boolean
  private readonly seconds: SecondProbe[] = []
  private lastFetchLine = -1

  constructor({ instruction, data }: MemoryShape) {
    this.instruction = instruction && new Cache({ ...instruction, missCycles: 1 })
    this.data = data && new Cache({ ...data, missCycles: 1 }, 1, writeBackMark)
    this.writesBack = data?.writePolicy === 'back'
    this.counted = { instructionMisses: 0, dataMisses: 0, dataWriteBacks: 0 }
  }

  addSecond(shape: CacheGeometry): SecondProbe {
    const second = new SecondProbe(shape)
    this.seconds.push(second)
    return second
  }

  /** Begins to count from zero; the caches keep what they hold. */
  restart(): void {
    this.counted = { instructionMisses: 0, dataMisses: 0, dataWriteBacks: 0 }
    for (const second of this.seconds) second.restart()
  }

  /** A fetch at an offset from the base of RAM. */
  fetch(offset: number): void {
    const { instruction } = this
    if (instruction === null) return
    const line = offset >> instruction.lineShift
    if (line === this.lastFetchLine) return
    this.lastFetchLine = line
    const { tags, setMask, wayShift } = instruction
    if (tags[(line & setMask) << wayShift] >> 1 === line || instruction.access(line, 0) === 0) return
    this.counted.instructionMisses++
    this.fill(line, instruction)
  }

  load(offset: number): void {
    const { data } = this
    if (data === null) return
    const line = offset >> data.lineShift
    if (data.tags[(line & data.setMask) << data.wayShift] >> 1 === line) return
    this.look(data, line, 0)
  }

  store(offset: number): void {
    const { data } = this
    if (data === null) return
    if (this.writesBack) return this.look(data, offset >> data.lineShift, 1)
    for (const second of this.seconds) second.access(offset, 1)
  }

  private look(data: Cache, line: number, write: 0 | 1): void {
    const cost = data.access(line, write)
    if (cost === 0) return
    this.counted.dataMisses++
    if (cost > 1) this.counted.dataWriteBacks++
    this.fill(line, data)
  }

  private fill(line: number, { lineShift }: Cache): void {
    for (const second of this.seconds) second.fill(line << lineShift, 1 << lineShift)
  }
}
