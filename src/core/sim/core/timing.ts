/**
 * The cycle model's parameters: what one instruction costs on an in-order, single-issue core.
 *
 * cycles(instruction) = fetch + issue[class] + shift steps + result-use stall + branch outcome + data access
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

/** Class of instructions that take equally long. */
export type InstructionClass = (typeof instructionClasses)[number]

/** A set-associative cache with least-recently-used replacement. All sizes are powers of two. */
export interface CacheShape {
  sizeBytes: number
  ways: number
  lineBytes: number
  /** Cycles a miss adds: the whole line is fetched before the core goes on. */
  missCycles: number
}

/** Size, costs and write policy of a data cache. */
export interface DataCacheShape extends CacheShape {
  /**
   * `through`: stores go to memory through a buffer, never allocate a line and leave the cache state alone; their
   * cost is issue.store. `back`: stores allocate like loads, and evicting a dirty line adds writeBackCycles.
   */
  writePolicy: 'through' | 'back'
  /** Cycles added when a dirty line is evicted; 0 for `through`. */
  writeBackCycles: number
}

/** A write-back cache between the first level and SDRAM, shared by instructions and data. */
export interface SecondLevelShape extends CacheShape {
  /** Cycles added when a dirty line is evicted. */
  writeBackCycles: number
}

/**
 * `barrel`: any amount within the issue cycles. `iterative`: one step per bit (bitsPerStep 1), or steps of four bits and
 * then of one (bitsPerStep 4: amount / 4, rounded down, plus amount mod 4 steps).
 */
export type Shifter = { form: 'barrel' } | { form: 'iterative'; bitsPerStep: 1 | 4; stepCycles: number }

/** Cycles an iterative shifter adds for an amount of 0 to 31 bits; 0 for a barrel shifter. */
export function shiftStepCycles(shifter: Shifter, amount: number): number {
  if (shifter.form === 'barrel') return 0
  const steps = shifter.bitsPerStep === 1 ? amount : (amount >> 2) + (amount & 3)
  return steps * shifter.stepCycles
}

/** Cycles that a core spends on instructions and memory. */
export interface CycleModel {
  /** Cycles an instruction of a class occupies the pipeline, hazards, penalties and misses not included. */
  issueCycles: Record<InstructionClass, number>
  /** Stall when the instruction right after a load (in address order) reads the loaded register. */
  loadUseStallCycles: number
  /** The same for the instruction right after a multiply (depth of a pipelined multiplier minus one). */
  multiplyUseStallCycles: number
  /** The same for a shift (a shifter whose result is ready one stage late). */
  shiftUseStallCycles: number
  /** Stall when the second instruction after a load reads the register and the first does not. */
  loadLaterUseStallCycles: number
  multiplyLaterUseStallCycles: number
  shifter: Shifter
  /**
   * Wait states of a memory without cache: added to every fetch, load, store and refetch after a taken branch. A
   * multiply or divide hides its fetch: the next instruction is fetched meanwhile.
   */
  memoryWaitCycles: number
  /** Added to a four-byte instruction that lies in two words of memory. */
  straddleCycles: number
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
  /** What the first level's misses and written-through stores go to; null: memory of one speed. Needs a data cache. */
  secondLevelCache: SecondLevelShape | null
}

/** The terms that a core without them has at zero. */
export const plainTerms = {
  shiftUseStallCycles: 0,
  loadLaterUseStallCycles: 0,
  multiplyLaterUseStallCycles: 0,
  shifter: { form: 'barrel' },
  memoryWaitCycles: 0,
  straddleCycles: 0,
  secondLevelCache: null
} as const satisfies Partial<CycleModel>

/** No single instruction costs more cycles than this; bounds how far a slice of instructions can advance time. */
export function worstInstructionCycles(model: CycleModel): number {
  const issue = Math.max(...Object.values(model.issueCycles))
  const stall = Math.max(
    model.loadUseStallCycles,
    model.multiplyUseStallCycles,
    model.shiftUseStallCycles,
    model.loadLaterUseStallCycles,
    model.multiplyLaterUseStallCycles
  )
  const branch = Math.max(0, ...Object.values(model.branchCycles))
  const { instructionCache, dataCache } = model
  const fetch = instructionCache
    ? instructionCache.missCycles + secondLevelCycles(model, instructionCache)
    : 0
  const data = dataCache
    ? dataCache.missCycles + dataCache.writeBackCycles + secondLevelCycles(model, dataCache)
    : 0
  const memory = 3 * model.memoryWaitCycles + model.straddleCycles
  const shift = shiftStepCycles(model.shifter, 31)
  // A misaligned access is split into at most two cache accesses.
  return (
    issue + shift + stall + branch + fetch + 2 * data + memory + model.trapCycles + model.deviceAccessCycles
  )
}

/** Most cycles that the second level adds when one line of the first comes in. */
function secondLevelCycles({ secondLevelCache: second }: CycleModel, first: CacheShape): number {
  if (second === null) return 0
  return Math.max(1, first.lineBytes / second.lineBytes) * (second.missCycles + second.writeBackCycles)
}
