import type { LoadedElf } from '../binary/elf'
import type { MachineConfig, CorePresetName } from './boards/presets'
import type { ExecutionObserver } from './core/observer'

export { ramBase } from './memoryMap'

/** How a machine executes: one instruction at a time, or compiled to JavaScript. */
export type Engine = 'interpreter' | 'compiled'

/** What a virtual machine is made of, and how it runs. */
export interface MachineOptions {
  /** A shipped preset or a board of one's own. */
  board: CorePresetName | MachineConfig
  /** `compiled` (default) emits JavaScript for hot code; same results, same counts. */
  engine?: Engine
  /** Default true. Without it every instruction takes one cycle, as under QEMU's `-icount shift=0`. */
  cycleModel?: boolean
  /**
   * How often an address is jumped to before the compiled engine compiles it. Default 1000: the JavaScript engine needs
   * tens of milliseconds to optimise what it is given, which pays only for code that is really hot.
   */
  compileAfterJumps?: number
  /** Counts events between two reads of minstret (eventCounter.ts); the modelled caches are off then. */
  observer?: ExecutionObserver
}

/**
 * Why run() came back.
 * - budget: the instruction budget is used up; call run() again.
 * - idle: the guest polls an empty UART or waits in wfi with nothing to wake it; it goes on when bytes are pushed.
 * - powerOff / reset: the guest wrote to the test finisher. After `reset`, call reset() and run() again.
 * - lockup: the trap handler itself cannot be fetched; only reset() helps. `machine.lastTrap` has the cause.
 */
export type StopReason = 'budget' | 'idle' | 'powerOff' | 'reset' | 'lockup'

/** Why a run of instructions stopped. */
export interface RunResult {
  reason: StopReason
  /** Instructions retired by this call. Never more than the budget. */
  executed: number
}

/** A trap as the machine's registers describe it. */
export interface TrapRecord {
  /** mcause as an unsigned word. */
  cause: number
  /** mepc: address of the instruction that trapped. */
  pc: number
  /** mtval. */
  value: number
}

/** One virtual board: a RISC-V hart, its RAM and its devices. Synchronous; wrap it in a worker thread. */
export interface VirtualMachine {
  readonly config: MachineConfig
  /** The engine in use: `interpreter` when the host forbids `new Function`. */
  readonly engine: Engine
  /** e.g. "rv32imac_zicsr_zifencei" or the same with "_zbb". */
  readonly isa: string
  readonly ramBytes: number
  /** Copies the segments into RAM and makes the entry point the reset address. Throws AppError on a bad file. */
  loadElf(bytes: Uint8Array): LoadedElf
  /** Copies bytes into RAM at an absolute address. Throws AppError board.addressRange outside RAM. */
  loadBinary(address: number, bytes: Uint8Array): void
  /** Copies bytes out of RAM. Throws AppError board.addressRange outside RAM. */
  readMemory(address: number, length: number): Uint8Array
  /** Sets the address reset() starts at (default: ramBase, or the last ELF's entry). */
  setEntry(address: number): void
  /**
   * Back to power-on: registers, CSRs, counters, caches and devices; RAM keeps its bytes, except that the segments of
   * the last loaded ELF are copied in again, as a boot ROM would.
   */
  reset(): void
  /** Runs at most maxInstructions (>= 1) instructions. */
  run(maxInstructions: number): RunResult
  /** Hands bytes to the guest's UART; returns how many were accepted, the rest must be pushed again later. */
  uartPush(bytes: Uint8Array): number
  /** Takes everything the guest has sent since the last call. */
  uartTake(): Uint8Array
  /**
   * Lets simulated time pass while the guest idles, without executing anything: mcycle and mtime advance, minstret
   * does not. For guests that time out while waiting for a byte.
   */
  advanceIdle(cycles: number): void
  /** True while a LiteX SoC's BIOS waits to be loaded; `advanceIdle` must then be called as time passes. */
  readonly isInBios: boolean
  /** Cycles since reset (not the guest-writable mcycle). Equal to instret() without the cycle model. */
  cycles(): number
  /** Energy since reset beyond that of a waiting board, J, by the model of core/energy.ts. */
  energyJ(): number
  /** Instructions retired since reset. */
  instret(): number
  /** Program counter, absolute. */
  pc(): number
  /** A copy of x0..x31 as unsigned words. */
  registers(): Uint32Array
  /** The most recent trap taken, or null. */
  readonly lastTrap: TrapRecord | null
}
