import { Cache } from '../sim/devices/cache'
import type { DecodedCode } from '../sim/core/decodedCode'
import type { Hart } from '../sim/core/hart'
import type { Interpreter } from '../sim/core/interpreter'
import type { ExecutionObserver } from '../sim/core/observer'
import { firstSlowOperation, isRegisterShift, op } from '../sim/core/operations'
import { createProbes, type MemoryEvents, type MemoryShape } from './memoryProbe'

/** A cache without lines, so that the engines report every access to `sink`. */
class ReportingCache extends Cache {
  constructor(
    lineBytes: number,
    private readonly sink: (line: number, write: 0 | 1) => void
  ) {
    super({ sizeBytes: lineBytes, ways: 1, lineBytes, missCycles: 0 })
  }
  override access(line: number, write: 0 | 1): number {
    this.sink(line, write)
    return 0
  }
  override clear(): void {}
}

/** How often each instruction ran, by halfword index; what is made of it: staticEvents.ts. */
export interface InstructionCounts {
  executed: Float64Array
  /** Of these, how often it jumped or branched away. */
  taken: Float64Array
  /** How often it was reached by a jump. */
  entered: Float64Array
  /** Steps of register shifts: the sum of the amounts, and of amount / 4 (rounded down) + amount mod 4. */
  shiftAmounts: Float64Array
  shiftSteps: Float64Array
}

/** Longest straight piece that is run at once. */
const maxRun = 64
/** No modelled instruction cache has shorter lines. */
const fetchLineBytes = 32
const accessBytes = 4
/** The monitor and its kernels lie in so much of the start of RAM; what runs beyond is not counted. */
const maxCodeBytes = 1 << 18

/**
 * Reads of the counter of instructions around one repetition of a benchmark (resources/firmware/bench.c): its halves before
 * (high, low, high), the low half, the kernel, the low half, the halves again.
 */
const readsOfRepetition = 8
const readsBeforeKernel = 4

/**
 * Counts what a machine executes between two reads of its counter of instructions, which lie around the kernel of a benchmark:
 * the first `warmUpPairs` repetitions only warm the caches, the next is counted.
 */
export class EventCounter implements ExecutionObserver {
  readonly fetches: Cache
  readonly accesses: Cache
  private readonly memory: ReturnType<typeof createProbes>
  private reads = 0
  private counts: InstructionCounts | null = null
  private difference = new Int32Array(0)
  private code: DecodedCode | null = null
  /** By start offset: how many instructions go straight on from there. */
  private readonly straight = new Map<number, number>()
  /** By start offset * longestRun + count - 1: offset of the last and after the last instruction. */
  private readonly ends = new Map<number, { last: number; after: number }>()

  constructor(
    shapes: readonly MemoryShape[],
    private readonly warmUpPairs: number
  ) {
    this.memory = createProbes(shapes)
    this.fetches = new ReportingCache(fetchLineBytes, (line) => this.fetched(line * fetchLineBytes))
    this.accesses = new ReportingCache(accessBytes, (word, write) => this.accessed(word * accessBytes, write))
  }

  /** Awaits the next benchmark. */
  begin(): void {
    this.reads = 0
    this.counts = null
  }

  counterRead(): void {
    this.reads++
    if (this.isCounting()) for (const probe of this.memory.probes) probe.restart()
  }

  isCounting(): boolean {
    return this.reads === readsOfRepetition * this.warmUpPairs + readsBeforeKernel
  }

  run(hart: Hart, interpreter: Interpreter, limit: number): number {
    const counts = (this.counts ??= this.emptyCounts(hart))
    let left = limit
    while (left > 0 && (hart.pc & hart.outsideRam) === 0) {
      const start = hart.pc
      const straight = this.straightFrom(hart.code, start)
      if (straight === 0) countShift(counts, hart, start >> 1)
      const executed = interpreter.run(Math.min(left, Math.max(1, straight)), true)
      if (executed === 0) break
      left -= executed
      const { last, after } = this.endOf(hart.code, start, executed)
      this.difference[start >> 1]++
      this.difference[after >> 1]--
      if (hart.pc !== after) {
        counts.taken[last >> 1]++
        if ((hart.pc & hart.outsideRam) === 0) counts.entered[hart.pc >> 1]++
      }
    }
    return limit - left
  }

  /** What was counted since begin(). */
  result(): { code: DecodedCode; counts: InstructionCounts; memory: MemoryEvents[] } {
    if (this.counts === null || this.code === null) throw new Error('nothing was counted')
    let running = 0
    const { executed } = this.counts
    for (let index = 0; index < executed.length; index++) executed[index] = running += this.difference[index]
    return { code: this.code, counts: this.counts, memory: this.memory.counted() }
  }

  private fetched(offset: number): void {
    if (this.reads % readsOfRepetition !== readsBeforeKernel) return
    const { probes } = this.memory
    for (let at = 0; at < probes.length; at++) probes[at].fetch(offset)
  }

  private accessed(offset: number, write: 0 | 1): void {
    if (this.reads % readsOfRepetition !== readsBeforeKernel) return
    const { probes } = this.memory
    if (write === 0) for (let at = 0; at < probes.length; at++) probes[at].load(offset)
    else for (let at = 0; at < probes.length; at++) probes[at].store(offset)
  }

  private emptyCounts(hart: Hart): InstructionCounts {
    const length = Math.min(hart.halves.length, maxCodeBytes >> 1) + 1
    this.code = hart.code
    this.difference = new Int32Array(length)
    const zeros = (): Float64Array => new Float64Array(length)
    return {
      executed: zeros(),
      taken: zeros(),
      entered: zeros(),
      shiftAmounts: zeros(),
      shiftSteps: zeros()
    }
  }

  private straightFrom(code: DecodedCode, start: number): number {
    const known = this.straight.get(start)
    if (known !== undefined) return known
    let count = 0
    for (let offset = start; count < maxRun; count++) {
      const index = offset >> 1
      if (code.operation[index] === op.undecoded) code.decodeAt(index)
      const operation = code.operation[index]
      if (isRegisterShift(operation)) break
      offset += code.fields[index] >>> 24
      // What only the slow path can do ends the run by itself.
      if (operation >= firstSlowOperation || operation <= op.illegal) break
      if (operation === op.jal || operation === op.jalr) {
        count++
        break
      }
    }
    this.straight.set(start, count)
    return count
  }

  private endOf(code: DecodedCode, start: number, count: number): { last: number; after: number } {
    const key = start * maxRun + count - 1
    const known = this.ends.get(key)
    if (known !== undefined) return known
    let last = start
    let after = start
    for (let left = count; left > 0; left--) {
      last = after
      after += code.fields[after >> 1] >>> 24
    }
    const end = { last, after }
    this.ends.set(key, end)
    return end
  }
}

function countShift(counts: InstructionCounts, hart: Hart, index: number): void {
  if (!isRegisterShift(hart.code.operation[index])) return
  const amount = hart.x[(hart.code.fields[index] >> 16) & 31] & 31
  counts.shiftAmounts[index] += amount
  counts.shiftSteps[index] += (amount >> 2) + (amount & 3)
}
