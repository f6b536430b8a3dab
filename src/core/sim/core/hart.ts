import type { Bus } from '../devices/bus'
import type { Cache } from '../devices/cache'
import { createCaches } from '../devices/cacheLevels'
import { CsrFile, machineInterrupt, type CsrSurroundings } from './csrFile'
import type { CoreVariant } from './decode'
import { energyModel } from './energy'
import { DecodedCode } from './decodedCode'
import type { MemoryObserver } from './memoryObserver'
import { shiftStepCycles, type CycleModel } from './timing'

/** Synchronous exception causes (Privileged Architecture, 20211203, table 3.6). */
export const exceptionCause = {
  instructionMisaligned: 0,
  instructionAccess: 1,
  illegalInstruction: 2,
  breakpoint: 3,
  loadMisaligned: 4,
  loadAccess: 5,
  storeMisaligned: 6,
  storeAccess: 7,
  machineCall: 11
} as const

/** Memory, extensions, cycle model and surroundings of a hart. */
export interface HartOptions {
  ram: Uint8Array
  ramBase: number
  zbb: boolean
  /** Default: RV32IMAC without xbb. */
  core?: CoreVariant | undefined
  /** False: a load or store that is not naturally aligned traps. Default true: it works, as on QEMU. */
  misaligned?: boolean | undefined
  /** True: what would be RAM is flash; a store into it traps, and other memory lies on the bus. */
  readOnly?: boolean | undefined
  /** null: one cycle per instruction, no caches. */
  model: CycleModel | null
  bus: Bus
  surroundings: Omit<CsrSurroundings, 'cycles' | 'instret'>
  /** Counts what happens instead of charging for it; takes the place of the modelled caches. */
  observer?: MemoryObserver | undefined
}

/**
 * Architectural state of one hart, and what both engines share: RAM, its decoded form, the caches, traps.
 *
 * pc, and every RAM address in the engines, is an offset from the base of RAM as a signed word: (address - base) | 0.
 * RAM is a power of two, so `offset & outsideRam` is zero exactly for addresses inside.
 */
export class Hart {
  /** x0..x31, then the slot that takes writes to x0. */
  readonly x = new Int32Array(33)
  pc = 0
  instret = 0
  cycles = 0
  /** Energy of the instructions retired, pJ; that of cycles and cache misses comes on top. */
  instructionPj = 0
  /** Instruction-cache line fetched last; a fetch from the same line needs no lookup. -1: none. */
  fetchLine = -1
  /** Offset reserved by lr.w, or -1. */
  reservation = -1
  /** mcause, pc and mtval of the last trap, unsigned. */
  lastTrap: { cause: number; pc: number; value: number } | null = null

  readonly code: DecodedCode
  readonly csr: CsrFile
  readonly bus: Bus
  readonly instructionCache: Cache | null
  readonly dataCache: Cache | null
  readonly model: CycleModel | null
  readonly misaligned: boolean
  readonly readOnly: boolean
  /** Bits that an instruction's address must not have: a jalr there traps. */
  readonly misalignedTarget: number
  /** Cycles a taken branch adds to its static cost, which is that of not taking it. */
  readonly takenForward: number
  readonly takenBackward: number
  /** What an iterative shifter adds by amount; null for a barrel shifter. */
  readonly shiftCycles: Uint16Array | null
  /** Stores look the data cache up if it is write-back, or if there is a second level behind it. */
  readonly storesAllocate: boolean
  readonly bytes: Uint8Array
  readonly signedBytes: Int8Array
  readonly halves: Uint16Array
  readonly signedHalves: Int16Array
  readonly words: Int32Array
  readonly ramBase: number
  readonly outsideRam: number
  private readonly second: Cache | null

  constructor(options: HartOptions) {
    const { ram, model } = options
    this.bytes = ram
    this.signedBytes = new Int8Array(ram.buffer, ram.byteOffset, ram.length)
    this.halves = new Uint16Array(ram.buffer, ram.byteOffset, ram.length >> 1)
    this.signedHalves = new Int16Array(ram.buffer, ram.byteOffset, ram.length >> 1)
    this.words = new Int32Array(ram.buffer, ram.byteOffset, ram.length >> 2)
    this.ramBase = options.ramBase
    this.outsideRam = ~(ram.length - 1)
    this.model = model
    this.bus = options.bus
    this.misaligned = options.misaligned ?? true
    this.readOnly = options.readOnly ?? false
    this.misalignedTarget = options.core?.plain === true ? 2 : 0
    this.code = new DecodedCode(ram, options.ramBase, options.zbb, model, options.core, this.readOnly)
    const { observer } = options
    const caches = createCaches(model)
    this.instructionCache = observer?.fetches ?? caches.instruction
    this.dataCache = observer?.accesses ?? caches.data
    this.storesAllocate = observer !== undefined || caches.seesStores
    const branch = model?.branchCycles
    const refetch = model?.memoryWaitCycles ?? 0
    this.takenForward = branch ? branch.forwardTaken - branch.forwardNotTaken + refetch : 0
    this.takenBackward = branch ? branch.backwardTaken - branch.backwardNotTaken + refetch : 0
    this.shiftCycles = shiftTable(model)
    this.second = caches.second
    this.csr = new CsrFile({
      ...options.surroundings,
      cycles: () => this.cycles,
      instret: () => {
        observer?.counterRead()
        return this.instret
      }
    })
  }

  reset(entryOffset: number): void {
    this.x.fill(0)
    this.pc = entryOffset
    this.instret = this.cycles = this.instructionPj = 0
    this.fetchLine = this.reservation = -1
    this.lastTrap = null
    this.instructionCache?.restart()
    this.dataCache?.restart()
    this.second?.restart()
    this.csr.reset()
  }

  /** Energy since reset beyond that of waiting, pJ. */
  get energyPj(): number {
    const outside = this.second === null ? [this.instructionCache, this.dataCache] : [this.second]
    const fetchedBytes = outside.reduce((sum, cache) => sum + (cache?.fetchedBytes ?? 0), 0)
    return this.instructionPj + this.cycles * energyModel.cyclePj + fetchedBytes * energyModel.fetchedBytePj
  }

  /** Enters the trap handler. `cause` carries the interrupt bit; `value` goes to mtval. */
  trap(cause: number, value: number): void {
    const { csr } = this
    csr.mepc = (this.pc + this.ramBase) | 0
    csr.mcause = cause | 0
    csr.mtval = value | 0
    csr.pushInterruptEnable()
    this.lastTrap = { cause: cause >>> 0, pc: csr.mepc >>> 0, value: value >>> 0 }
    this.cycles += this.model?.trapCycles ?? 0
    this.pc = (csr.mtvec - this.ramBase) | 0
  }

  /** Takes the interrupt of the highest priority that is pending and enabled; false when there is none. */
  takeInterrupt(pending: number): boolean {
    const ready = this.csr.interruptsEnabled ? pending & this.csr.mie : 0
    if (ready === 0) return false
    // Priority: external, software, timer (section 3.1.9).
    const { external, software } = machineInterrupt
    const number = ready & external ? 11 : ready & software ? 3 : 7
    this.trap(0x80000000 | number, 0)
    return true
  }

  /** Charges the instruction fetch at pc (inside RAM). The engines inline the common case. */
  chargeFetch(): void {
    const cache = this.instructionCache
    if (cache === null) return
    const line = this.pc >> cache.lineShift
    if (line === this.fetchLine) return
    this.fetchLine = line
    this.cycles += cache.access(line, 0)
  }

  /** Charges a data access to RAM of up to four bytes, in one line or two. */
  chargeData(offset: number, sizeBytes: number, write: 0 | 1): void {
    const cache = this.dataCache
    if (cache === null || (write === 1 && !this.storesAllocate)) return
    const line = offset >> cache.lineShift
    const lastLine = (offset + sizeBytes - 1) >> cache.lineShift
    this.cycles += cache.access(line, write)
    if (lastLine !== line) this.cycles += cache.access(lastLine, write)
  }
}

function shiftTable(model: CycleModel | null): Uint16Array | null {
  if (model === null || model.shifter.form === 'barrel') return null
  return Uint16Array.from({ length: 32 }, (_, amount) => shiftStepCycles(model.shifter, amount))
}
