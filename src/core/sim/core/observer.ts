import type { Cache } from '../devices/cache'
import type { Hart } from './hart'
import type { Interpreter } from './interpreter'

/** Watches a machine run, for those who count events instead of cycles (twin/eventCounter.ts). */
export interface ExecutionObserver {
  /** Stands where the instruction cache is: `access` is called for every fetch from another line than the last. */
  readonly fetches: Cache
  /** Stands where the data cache is: `access` is called for every load and store in RAM. */
  readonly accesses: Cache
  /** The guest reads its counter of instructions. */
  counterRead(): void
  /** True while instructions have to be run by `run`. */
  isCounting(): boolean
  /** As Interpreter.run without stopAtJumps, counting what is executed. */
  run(hart: Hart, interpreter: Interpreter, limit: number): number
}
