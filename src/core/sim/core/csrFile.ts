import { Counter } from './counter'

/** What the CSRs need to know of the machine around them. */
export interface CsrSurroundings {
  cycles: () => number
  instret: () => number
  /** mtime. */
  time: () => number
  /** Pending interrupts as a mip word. */
  pending: () => number
  implementationId: number
  /** False: the identity registers read as zero, as on many soft cores. */
  hasIdentity: boolean
  clockHz: number
  zbb: boolean
  /** Neither compressed nor atomic instructions: misa has neither letter. */
  plain?: boolean
  /** Counters that the hart has; default all. */
  counters?: HartCounters
  /** False: the counters of user mode are all there is, as on PicoRV32. Default true. */
  machineCsrs?: boolean
  /** As on chips of Espressif's: neither mie nor mip, and mtvec holds multiples of 256. */
  isEsp?: boolean
}

/**
 * `cycle`: those of user mode alone (rdcycle, rdinstret). A number: one counter of cycles in that CSR, which counts while bit 0 of the
 * CSR two below (event: cycles) and of the one below (mode: on) are set, as on an ESP32-C3.
 */
export type HartCounters = 'all' | 'cycle' | 'none' | number

/** Bits of mie and mip for machine mode. */
export const machineInterrupt = { software: 1 << 3, timer: 1 << 7, external: 1 << 11 } as const
const allInterrupts = machineInterrupt.software | machineInterrupt.timer | machineInterrupt.external

const statusMie = 1 << 3
const statusMpie = 1 << 7
/** MPP reads as machine mode always: there is no other. */
const statusMpp = 3 << 11

/** Marks a virtual board: QEMU reports 0, and no shipped core this product knows reports this value. */
export const virtualVendorId = 0x0bb
const misaRv32im = (1 << 30) | (1 << 8) | (1 << 12)
const misaRv32imac = misaRv32im | (1 << 0) | (1 << 2)
const wordRange = 4294967296

/**
 * Machine-mode control and status registers (Privileged Architecture, 20211203, chapter 3) of a hart without user
 * mode, plus two custom read-only ones that only virtual boards have: 0xfc0 = clock in Hz, 0xfc1 bit 0 = Zbb.
 * read() and write() return whether the register exists, so that everything else traps as illegal.
 */
export class CsrFile {
  mie = 0
  mtvec = 0
  mepc = 0
  mcause = 0
  mtval = 0
  private mscratch = 0
  private status = statusMpp
  private readonly mcycle: Counter
  private readonly minstret: Counter
  private ownEvent = 0
  private ownMode = 0
  private ownCount = 0
  private ownSince: number | null = null

  constructor(private readonly surroundings: CsrSurroundings) {
    this.mcycle = new Counter(surroundings.cycles)
    this.minstret = new Counter(surroundings.instret)
  }

  get interruptsEnabled(): boolean {
    return (this.status & statusMie) !== 0
  }

  /** Interrupt state on trap entry: MPIE = MIE, MIE = 0. */
  pushInterruptEnable(): void {
    this.status = statusMpp | ((this.status & statusMie) << 4)
  }

  /** mret: MIE = MPIE, MPIE = 1. */
  popInterruptEnable(): void {
    this.status = statusMpp | statusMpie | ((this.status & statusMpie) >> 4)
  }

  reset(): void {
    this.mie = this.mtvec = this.mepc = this.mcause = this.mtval = this.mscratch = 0
    this.status = statusMpp
    this.mcycle.reset()
    this.minstret.reset()
    this.ownEvent = this.ownMode = this.ownCount = 0
    this.ownSince = null
  }

  /** A counter register of a hart that lacks some: its value, null where it is missing, undefined for every other register. */
  private readOwn(counters: 'cycle' | 'none' | number, number: number): number | null | undefined {
    if (isMachineCounter(number)) return null
    if (isUserCounter(number)) return counters === 'cycle' ? undefined : null
    if (typeof counters !== 'number') return undefined
    if (number === counters - 2) return this.ownEvent | 0
    if (number === counters - 1) return this.ownMode | 0
    return number === counters ? this.ownValue() | 0 : undefined
  }

  private writeOwn(counters: number, number: number, value: number): boolean {
    if (number < counters - 2 || number > counters) return false
    this.ownCount = number === counters ? value >>> 0 : this.ownValue()
    if (number === counters - 2) this.ownEvent = value
    if (number === counters - 1) this.ownMode = value
    this.ownSince = (this.ownEvent & this.ownMode & 1) === 1 ? this.surroundings.cycles() : null
    return true
  }

  private ownValue(): number {
    const passed = this.ownSince === null ? 0 : this.surroundings.cycles() - this.ownSince
    return (this.ownCount + passed) % wordRange
  }

  /** Whether the hart has registers of machine mode; without them mtvec stays 0, and a trap is the end. */
  get hasMachine(): boolean {
    return this.surroundings.machineCsrs !== false
  }

  /** The register's value as a signed word, or null when it does not exist. */
  read(number: number): number | null {
    const { surroundings } = this
    if (!this.hasMachine && !isUserCounter(number)) return null
    if (surroundings.counters !== undefined && surroundings.counters !== 'all') {
      const own = this.readOwn(surroundings.counters, number)
      if (own !== undefined) return own
    }
    if (surroundings.isEsp === true && isInterruptRegister(number)) return null
    switch (number) {
      case 0x300:
        return this.status
      case 0x301:
        return surroundings.plain === true ? misaRv32im : misaRv32imac
      case 0x304:
        return this.mie
      case 0x305:
        return this.mtvec
      case 0x310:
        return 0 // mstatush: little-endian
      case 0x320:
        return (this.mcycle.inhibited ? 1 : 0) | (this.minstret.inhibited ? 4 : 0)
      case 0x340:
        return this.mscratch
      case 0x341:
        return this.mepc
      case 0x342:
        return this.mcause
      case 0x343:
        return this.mtval
      case 0x344:
        return surroundings.pending()
      case 0xb00:
      case 0xc00:
        return this.mcycle.low
      case 0xb02:
      case 0xc02:
        return this.minstret.low
      case 0xb80:
      case 0xc80:
        return this.mcycle.high
      case 0xb82:
      case 0xc82:
        return this.minstret.high
      case 0xc01:
        return (surroundings.time() % wordRange) | 0
      case 0xc81:
        return Math.floor(surroundings.time() / wordRange) | 0
      case 0xf11:
        return surroundings.hasIdentity ? virtualVendorId : 0
      case 0xf12:
        return 0
      case 0xf13:
        return surroundings.hasIdentity ? surroundings.implementationId : 0
      case 0xf14:
      case 0xf15:
        return 0 // mhartid, mconfigptr
      case 0xfc0:
        return surroundings.clockHz | 0
      case 0xfc1:
        return surroundings.zbb ? 1 : 0
    }
    return isReadAsZero(number) ? 0 : null
  }

  /** False when the register does not exist or is read-only (its number says so in bits 11:10). */
  write(number: number, value: number): boolean {
    if (number >> 10 === 3 || !this.hasMachine) return false
    const { counters = 'all' } = this.surroundings
    if (counters !== 'all' && isMachineCounter(number)) return false
    if (typeof counters === 'number' && this.writeOwn(counters, number, value)) return true
    if (this.surroundings.isEsp === true && isInterruptRegister(number)) return false
    switch (number) {
      case 0x300:
        this.status = statusMpp | (value & (statusMie | statusMpie))
        return true
      case 0x304:
        this.mie = value & allInterrupts
        return true
      case 0x305:
        this.mtvec = value & (this.surroundings.isEsp === true ? ~0xff : ~3)
        return true // direct mode only
      case 0x320:
        this.mcycle.inhibited = (value & 1) !== 0
        this.minstret.inhibited = (value & 4) !== 0
        return true
      case 0x340:
        this.mscratch = value
        return true
      case 0x341:
        this.mepc = value & (this.surroundings.plain === true ? ~3 : ~1)
        return true
      case 0x342:
        this.mcause = value
        return true
      case 0x343:
        this.mtval = value
        return true
      case 0xb00:
        this.mcycle.low = value
        return true
      case 0xb02:
        this.minstret.low = value
        return true
      case 0xb80:
        this.mcycle.high = value
        return true
      case 0xb82:
        this.minstret.high = value
        return true
      case 0x301:
      case 0x310:
      case 0x344:
        return true // writes have no effect here
    }
    return isReadAsZero(number)
  }
}

const isInterruptRegister = (number: number): boolean => number === 0x304 || number === 0x344
const isMachineCounter = (number: number): boolean => [0x320, 0xb00, 0xb02, 0xb80, 0xb82].includes(number)
const isUserCounter = (number: number): boolean => [0xc00, 0xc01, 0xc02, 0xc80, 0xc81, 0xc82].includes(number)

/** Registers that exist but are wired to zero: event counters, their selectors and physical memory protection. */
function isReadAsZero(number: number): boolean {
  return (
    (number >= 0xb03 && number <= 0xb1f) ||
    (number >= 0xb83 && number <= 0xb9f) ||
    (number >= 0x323 && number <= 0x33f) ||
    (number >= 0x3a0 && number <= 0x3ef)
  )
}
