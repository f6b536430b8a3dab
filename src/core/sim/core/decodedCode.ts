import { decode, type CoreVariant, type Decoded } from './decode'
import {
  classOf,
  endsFlow,
  isBranch,
  isLoad,
  isImmediateShift,
  isMultiply,
  isStore,
  op,
  sourcesOf
} from './operations'
import { instructionEnergyPj } from './energy'
import { shiftStepCycles, type CycleModel } from './timing'

/** Bytes of RAM that share one "was decoded" mark. A store into a marked granule takes the slow path once. */
export const granuleShift = 6

/**
 * How far before a byte an instruction may start that depends on it: a four-byte load whose cost depends on the second
 * of two four-byte successors, of which only the second half lies there.
 */
export const reachBytes = 10

/** Register slot that takes writes to x0 and is never read. */
export const discardRegister = 32

/**
 * RAM seen as decoded instructions, one entry per halfword, filled on first execution and emptied by stores.
 *
 * fields packs what the loops need in one word: rd | rs1 << 8 | rs2 << 16 | length << 24, where rd is 32 when the
 * instruction writes x0. cost is the instruction's static cycles: issue, result-use stall (the reason why a load or
 * multiply looks at its successor) and, for branches, the not-taken outcome. energy is in pJ (energy.ts). The arrays are
 * as sparse as the operating system makes untouched pages.
 */
export class DecodedCode {
  readonly operation: Uint8Array
  readonly fields: Int32Array
  readonly immediate: Int32Array
  readonly cost: Uint16Array
  readonly energy: Uint16Array
  /** 1 for each granule that holds decoded bytes. */
  readonly granules: Uint8Array
  /** Called with the byte range [start, end) that lost its decoding; the compiled engine drops its regions there. */
  onInvalidate: (start: number, end: number) => void = () => {}

  private readonly halves: Uint16Array

  constructor(
    private readonly ram: Uint8Array,
    private readonly ramBase: number,
    private readonly zbb: boolean,
    private readonly model: CycleModel | null,
    private readonly core?: CoreVariant,
    /** Every granule stays marked: a store anywhere takes the slow path, which refuses it. */
    private readonly readOnly = false
  ) {
    const count = ram.length >> 1
    this.halves = new Uint16Array(ram.buffer, ram.byteOffset, count)
    // The entry past the end stops the fast loops when execution runs off the end of RAM.
    this.operation = new Uint8Array(count + 1)
    this.operation[count] = op.fetchFault
    this.fields = new Int32Array(count + 1)
    this.immediate = new Int32Array(count + 1)
    this.cost = new Uint16Array(count + 1)
    this.energy = new Uint16Array(count + 1)
    this.granules = new Uint8Array((ram.length >> granuleShift) + 1).fill(readOnly ? 1 : 0)
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
    this.operation[index] = this.isMisalignedJump(decoded) ? op.misalignedJump : decoded.operation
    this.fields[index] =
      (decoded.rd === 0 ? discardRegister : decoded.rd) |
      (decoded.rs1 << 8) |
      (decoded.rs2 << 16) |
      (decoded.lengthBytes << 24)
    this.immediate[index] = decoded.immediate
    this.energy[index] = instructionEnergyPj(decoded.operation)
    this.cost[index] = this.model === null ? 1 : this.staticCycles(this.model, offset, decoded)
    this.mark(offset, decoded.lengthBytes)
  }

  /** Forgets every decoding that depends on the bytes [offset, offset + length). */
  invalidate(offset: number, length: number): void {
    const { granules } = this
    const last = (offset + length - 1) >> granuleShift
    for (let granule = offset >> granuleShift; granule <= last; granule++) {
      if (granules[granule] === 0) continue
      if (!this.readOnly) granules[granule] = 0
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

  /** jalr, whose target only its register says, is not among them. */
  private isMisalignedJump({ operation, immediate }: Decoded): boolean {
    return this.core?.plain === true && (isBranch(operation) || operation === op.jal) && (immediate & 2) !== 0
  }

  private peek(offset: number): Decoded | null {
    const index = offset >> 1
    if (index >= this.halves.length) return null
    const low = this.halves[index]
    if ((low & 3) === 3 && index + 1 >= this.halves.length) return null
    return decode(low | ((this.halves[index + 1] ?? 0) << 16), this.ramBase + offset, this.zbb, this.core)
  }

  private staticCycles(model: CycleModel, offset: number, decoded: Decoded): number {
    const { operation, immediate, lengthBytes } = decoded
    const kind = classOf(operation)
    let cycles = model.issueCycles[kind]
    // A multiplier or divider at work leaves time for the next fetch.
    if (kind !== 'multiply' && kind !== 'divide') cycles += model.memoryWaitCycles
    if (kind === 'load' || kind === 'store') cycles += model.memoryWaitCycles
    if (lengthBytes === 4 && (offset & 2) !== 0) cycles += model.straddleCycles
    if (isImmediateShift(operation)) cycles += shiftStepCycles(model.shifter, immediate & 31)
    if (isBranch(operation)) {
      cycles += immediate < 0 ? model.branchCycles.backwardNotTaken : model.branchCycles.forwardNotTaken
    }
    return cycles + this.stallCycles(model, offset, decoded)
  }

  /** What an instruction costs more because one of the next two reads its result. */
  private stallCycles(model: CycleModel, offset: number, decoded: Decoded): number {
    const { operation, rd, lengthBytes } = decoded
    const [soon, later] = stallsAfter(model, operation)
    if ((soon === 0 && later === 0) || rd === 0) return 0
    const next = this.peekMarked(offset + lengthBytes)
    if (next === null) return 0
    if (readsRegister(next, rd)) return soon
    if (later === 0 || endsFlow(next.operation) || (!isStore(next.operation) && next.rd === rd)) return 0
    const second = this.peekMarked(offset + lengthBytes + next.lengthBytes)
    return second !== null && readsRegister(second, rd) ? later : 0
  }

  /** Decodes without keeping it; a store there makes what depends on it decode again. */
  private peekMarked(offset: number): Decoded | null {
    const decoded = this.peek(offset)
    if (decoded !== null) this.mark(offset, decoded.lengthBytes)
    return decoded
  }

  private mark(offset: number, length: number): void {
    this.granules[offset >> granuleShift] = 1
    this.granules[(offset + length - 1) >> granuleShift] = 1
  }
}

/** Whether an instruction reads a register. */
function readsRegister({ operation, rs1, rs2 }: Decoded, register: number): boolean {
  const sources = sourcesOf(operation)
  return (sources > 0 && rs1 === register) || (sources > 1 && rs2 === register)
}

/** Stalls when the next instruction reads the result, and when only the one after it does. */
function stallsAfter(model: CycleModel, operation: number): readonly [number, number] {
  if (isLoad(operation)) return [model.loadUseStallCycles, model.loadLaterUseStallCycles]
  if (isMultiply(operation)) return [model.multiplyUseStallCycles, model.multiplyLaterUseStallCycles]
  return [classOf(operation) === 'shift' ? model.shiftUseStallCycles : 0, 0]
}
