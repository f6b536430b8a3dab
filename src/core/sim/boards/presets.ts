import type { HartCounters } from '../core/csrFile'
import { plainTerms, type CycleModel } from '../core/timing'

/**
 * The three virtual boards. Each imitates the class of a real core; sources of the figures are in docs/sim.md.
 * A preset is data only: any other board is a MachineConfig of one's own.
 */
export const corePresetNames = ['small', 'mid', 'high'] as const

/** Name of a shipped virtual board. */
export type CorePresetName = (typeof corePresetNames)[number]

/** A virtual board: core, memory, identity and cycle model. */
export interface MachineConfig {
  name: string
  /** What the core imitates, as shown to people and reported by the board. */
  coreName: string
  /** Reported in mimpid, so that firmware can distinguish the virtual boards. */
  implementationId: number
  /** False: its identity registers read as zero, as on many soft cores. */
  hasIdentity?: false
  clockHz: number
  /** False: clockHz only drives the simulator's time, and the board does not report it. */
  clockIsKnown?: false
  /** RAM at 0x80000000 (or where `litex` says); a power of two, at least 64 KiB. */
  ramBytes: number
  /** Whether the Zbb bit-manipulation extension is decoded. */
  zbb: boolean
  /** Whether the packed dot products of docs/isa.md are decoded, cfu: as on a bus that does not carry rd; default false. */
  xbb?: boolean | 'cfu'
  /** True: RV32IM; neither compressed nor atomic instructions, and misaligned accesses trap. */
  plain?: boolean
  cycleModel: CycleModel
  /** Counters that the hart has; default all. */
  counters?: HartCounters
  /** False: no registers of machine mode and no fence.i; a trap ends what runs, as on PicoRV32. */
  machineCsrs?: false
  /** Present on a LiteX SoC: RAM and UART lie there, and its BIOS boots (litexBoard.ts). Absent: the map of memoryMap.ts. */
  litex?: {
    ramBase: number
    uartBase: number
    /** Of its timer0, and of a CLINT whose mtime counts cycles; absent: it has none. */
    timerBase?: number
    clintBase?: number
    /** False: it comes up at the start of RAM. */
    bios?: false
  }
  /** False: a load or store that is not naturally aligned traps; default true but on a plain core. */
  misaligned?: false
  /**
   * Present on a microcontroller that executes in place: `ramBytes` is then its flash, from `base`, which stores do not change, and
   * `ramBytes` in here its RAM, from which it does not execute. A USART (uartUsart.ts), a SysTick, and words that only take what is
   * written beside them.
   */
  flash?: {
    base: number
    ramBase: number
    ramBytes: number
    usartBase: number
    sysTickBase: number | null
    /** Called for each word that is written to another peripheral. */
    onWrite?: (address: number, value: number) => void
  }
  /** Present on a chip of Espressif's: RAM and the two lines lie there (espLines.ts), mtvec holds multiples of 256 and mie is missing. */
  esp?: {
    ramBase: number
    uartBase: number
    usbBase: number
    /** Called for each word that is written to another peripheral. */
    onWrite?: (address: number, value: number) => void
  }
}

/**
 * PicoRV32 with ENABLE_FAST_MUL and a barrel shifter: a multi-cycle core without pipeline and caches, tightly coupled
 * memory without wait states. Beside its RTL: `npm run bench:rtl`.
 */
const small: MachineConfig = {
  name: 'small',
  coreName: 'Bitbench virtual small (PicoRV32, fast multiplier)',
  implementationId: 0,
  clockHz: 50_000_000,
  ramBytes: 1 << 20,
  zbb: false,
  cycleModel: {
    ...plainTerms,
    issueCycles: {
      alu: 3,
      shift: 3,
      // ENABLE_FAST_MUL: a full multiplier, whose result is taken over after three cycles more.
      multiply: 6,
      // One bit a step; the README's figure.
      divide: 40,
      load: 5,
      store: 5,
      branch: 3,
      jump: 3,
      jumpRegister: 6,
      csr: 3,
      system: 3,
      atomic: 10
    },
    loadUseStallCycles: 0,
    multiplyUseStallCycles: 0,
    branchCycles: { forwardTaken: 2, forwardNotTaken: 0, backwardTaken: 2, backwardNotTaken: 0 },
    trapCycles: 4,
    deviceAccessCycles: 0,
    instructionCache: null,
    dataCache: null
  }
}

/**
 * VexRiscv class (as LiteX's "standard" variant): five stages, 4 KiB direct-mapped caches with write-through data,
 * static branch prediction, a pipelined multiplier, an iterative divider, SDRAM behind the caches.
 */
const mid: MachineConfig = {
  name: 'mid',
  coreName: 'Bitbench virtual mid (VexRiscv class)',
  implementationId: 1,
  clockHz: 100_000_000,
  ramBytes: 4 << 20,
  zbb: false,
  cycleModel: {
    ...plainTerms,
    issueCycles: {
      alu: 1,
      shift: 1,
      multiply: 1,
      divide: 34,
      load: 1,
      store: 1,
      branch: 1,
      jump: 2,
      jumpRegister: 4,
      csr: 1,
      system: 1,
      atomic: 4
    },
    loadUseStallCycles: 2,
    multiplyUseStallCycles: 2,
    branchCycles: { forwardTaken: 3, forwardNotTaken: 0, backwardTaken: 1, backwardNotTaken: 3 },
    trapCycles: 4,
    deviceAccessCycles: 8,
    instructionCache: { sizeBytes: 4096, ways: 1, lineBytes: 32, missCycles: 24 },
    dataCache: {
      sizeBytes: 4096,
      ways: 1,
      lineBytes: 32,
      missCycles: 24,
      writePolicy: 'through',
      writeBackCycles: 0
    }
  }
}

/**
 * Rocket / VexiiRiscv class, single issue: 16 KiB four-way caches with write-back data, branches predicted,
 * one multiply per cycle, a radix-4 divider.
 */
const high: MachineConfig = {
  name: 'high',
  coreName: 'Bitbench virtual high (Rocket class)',
  implementationId: 2,
  clockHz: 200_000_000,
  ramBytes: 16 << 20,
  zbb: false,
  cycleModel: {
    ...plainTerms,
    issueCycles: {
      alu: 1,
      shift: 1,
      multiply: 1,
      divide: 18,
      load: 1,
      store: 1,
      branch: 1,
      jump: 1,
      jumpRegister: 2,
      csr: 1,
      system: 1,
      atomic: 3
    },
    loadUseStallCycles: 1,
    multiplyUseStallCycles: 0,
    branchCycles: { forwardTaken: 3, forwardNotTaken: 0, backwardTaken: 0, backwardNotTaken: 3 },
    trapCycles: 4,
    deviceAccessCycles: 10,
    instructionCache: { sizeBytes: 16384, ways: 4, lineBytes: 64, missCycles: 40 },
    dataCache: {
      sizeBytes: 16384,
      ways: 4,
      lineBytes: 64,
      missCycles: 40,
      writePolicy: 'back',
      writeBackCycles: 20
    }
  }
}

export const corePresets: Readonly<Record<CorePresetName, MachineConfig>> = { small, mid, high }
