import { decode } from './decode'
import { classOf, isBranch, isLoad, isMultiply, op, sourcesOf } from './operations'
import type { CycleModel } from './timing'

/** Bytes of RAM that share one "was decoded" mark. A store into a marked granule takes the slow path once. */
export const granuleShift = 6

/**
 * How far before a byte an instruction may start that depends on it: a four-byte load whose cost depends on a
 * four-byte successor of which only the second half lies there.
 */
export const reachBytes = 6

/** Register slot that swallows writes to x0. */
export const discardRegister = 32

/**
 * RAM seen as decoded instructions, one entry per halfword, filled on first execution and emptied by stores.
 *
 * fields packs what the loops need in one word: rd | rs1 << 8 | rs2 << 16 | length << 24, where rd is 32 when the
 * instruction writes x0. cost is the instruction's static cycles: issue, result-use stall (the reason why a load or
 * multiply looks at its successor) and, for branches, the not-taken outcome. The arrays are as sparse as the
 * operating system makes untouched pages.
 */
export class DecodedCode {
  readonly operation: Uint8Array
  readonly fields: Int32Array
  readonly immediate: Int32Array
  readonly cost: Uint16Array
  /** 1 for each granule that holds decoded bytes. */
  readonly granules: Uint8Array
  /** Told which byte range [start, end) lost its decoding; the compiled engine drops its regions there. */
  onInvalidate: (start: number, end: number) => void = () => {}

  private readonly halves: Uint16Array

  constructor(
    private readonly ram: Uint8Array,
    private readonly ramBase: number,
    private readonly zbb: boolean,
    private readonly model: CycleModel | null
  ) {
    const count = ram.length >> 1
    this.halves = new Uint16Array(ram.buffer, ram.byteOffset, count)
    // The entry past the end stops the fast loops when execution runs off the end of RAM.
    this.operation = new Uint8Array(count + 1)
    this.operation[count] = op.fetchFault
    this.fields = new Int32Array(count + 1)
    this.immediate = new Int32Array(count + 1)
    this.cost = new Uint16Array(count + 1)
    this.granules = new Uint8Array((ram.length >> granuleShift) + 1)
  }

  /** Decodes the instruction at a halfword index. */
  decodeAt(index: number): void {
    const offset = index << 1
    const decoded = this.peek(offset)
    if (decoded === null) {
      this.operation[index] = op.fetchFault
      this.mark(offset, 2)
      return
    }
    this.operation[index] = decoded.operation
    this.fields[index] =
      (decoded.rd === 0 ? discardRegister : decoded.rd) |
      (decoded.rs1 << 8) |
      (decoded.rs2 << 16) |
      (decoded.lengthBytes << 24)
    this.immediate[index] = decoded.immediate
    this.cost[index] = this.model === null ? 1 : this.staticCycles(this.model, offset, decoded)
    this.mark(offset, decoded.lengthBytes)
  }

  /** Forgets every decoding that depends on the bytes [offset, offset + length). */
  invalidate(offset: number, length: number): void {
    const { granules } = this
    const last = (offset + length - 1) >> granuleShift
    for (let granule = offset >> granuleShift; granule <= last; granule++) {
      if (granules[granule] === 0) continue
      granules[granule] = 0
      const start = granule << granuleShift
      const end = Math.min(start + (1 << granuleShift), this.ram.length)
      this.operation.fill(op.undecoded, Math.max(0, start - reachBytes) >> 1, end >> 1)
      this.onInvalidate(start, end)
    }
  }

  /** The instruction bits at an offset inside RAM, as mtval reports them: 16 or 32 of them. */
  wordAt(offset: number): number {
    const low = this.halves[offset >> 1]
    return (low & 3) === 3 ? low | ((this.halves[(offset >> 1) + 1] ?? 0) << 16) : low
  }

  private peek(offset: number): ReturnType<typeof decode> | null {
    const index = offset >> 1
    if (index >= this.halves.length) return null
    const low = this.halves[index]
    if ((low & 3) === 3 && index + 1 >= this.halves.length) return null
    return decode(low | ((this.halves[index + 1] ?? 0) << 16), this.ramBase + offset, this.zbb)
  }

  private staticCycles(model: CycleModel, offset: number, decoded: ReturnType<typeof decode>): number {
    const { operation, rd, immediate, lengthBytes } = decoded
    let cycles = model.issueCycles[classOf(operation)]
    if (isBranch(operation)) {
      cycles += immediate < 0 ? model.branchCycles.backwardNotTaken : model.branchCycles.forwardNotTaken
    }
    const stall = isLoad(operation)
      ? model.loadUseStallCycles
      : isMultiply(operation)
        ? model.multiplyUseStallCycles
        : 0
    if (stall > 0 && rd !== 0) {
      const next = this.peek(offset + lengthBytes)
      if (next !== null) {
        this.mark(offset + lengthBytes, next.lengthBytes)
        const sources = sourcesOf(next.operation)
        if ((sources > 0 && next.rs1 === rd) || (sources > 1 && next.rs2 === rd)) cycles += stall
      }
    }
    return cycles
  }

  private mark(offset: number, length: number): void {
    this.granules[offset >> granuleShift] = 1
    this.granules[(offset + length - 1) >> granuleShift] = 1
  }
}
