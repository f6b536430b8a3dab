/**
 * The cycle model's parameters: what one instruction costs on an in-order, single-issue core.
 *
 * cycles(instruction) = fetch + issue[class] + result-use stall + branch outcome + data access
 *
 * Everything but the two caches is static once an instruction and its successor are decoded, so both engines add
 * the same precomputed number per instruction and probe the caches in the same order. docs/sim.md explains each
 * term, names the cores and lists what is left out.
 */

/** Instruction classes that may differ in cost. */
export const instructionClasses = [
  'alu',
  'shift',
  'multiply',
  'divide',
  'load',
  'store',
  'branch',
  'jump',
  'jumpRegister',
  'csr',
  'system',
  'atomic'
] as const
export type InstructionClass = (typeof instructionClasses)[number]

/** A set-associative cache with least-recently-used replacement. All sizes are powers of two. */
export interface CacheShape {
  sizeBytes: number
  ways: number
  lineBytes: number
  /** Cycles a miss adds: the whole line is fetched before the core goes on. */
  missCycles: number
}

export interface DataCacheShape extends CacheShape {
  /**
   * `through`: stores go to memory through a buffer, never allocate a line and leave the cache state alone; their
   * cost is issue.store. `back`: stores allocate like loads, and evicting a dirty line adds writeBackCycles.
   */
  writePolicy: 'through' | 'back'
  /** Cycles added when a dirty line is evicted; 0 for `through`. */
  writeBackCycles: number
}

export interface CycleModel {
  /** Cycles an instruction of a class occupies the pipeline, hazards, penalties and misses not included. */
  issueCycles: Record<InstructionClass, number>
  /** Stall when the instruction right after a load (in address order) reads the loaded register. */
  loadUseStallCycles: number
  /** The same for the instruction right after a multiply (depth of a pipelined multiplier minus one). */
  multiplyUseStallCycles: number
  /** Cycles added to a conditional branch by direction (backward = negative offset) and outcome. */
  branchCycles: {
    forwardTaken: number
    forwardNotTaken: number
    backwardTaken: number
    backwardNotTaken: number
  }
  /** Cycles added when a trap is entered. */
  trapCycles: number
  /** Cycles a load or store to a device adds to its issue cycles. Devices are never cached. */
  deviceAccessCycles: number
  /** null: fetching is part of the issue cycles (memory as fast as the core, or a prefetch buffer that keeps up). */
  instructionCache: CacheShape | null
  /** null: every data access goes to memory at the price in issueCycles.load and .store. */
  dataCache: DataCacheShape | null
}

/** No single instruction costs more cycles than this; bounds how far a slice of instructions can advance time. */
export function worstInstructionCycles(model: CycleModel): number {
  const issue = Math.max(...Object.values(model.issueCycles))
  const stall = Math.max(model.loadUseStallCycles, model.multiplyUseStallCycles)
  const branch = Math.max(0, ...Object.values(model.branchCycles))
  const fetch = model.instructionCache?.missCycles ?? 0
  const data = model.dataCache ? model.dataCache.missCycles + model.dataCache.writeBackCycles : 0
  // A misaligned access is split into at most two cache accesses.
  return issue + stall + branch + fetch + 2 * data + model.trapCycles + model.deviceAccessCycles
}
