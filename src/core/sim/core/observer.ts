import type { Hart } from './hart'
import type { Interpreter } from './interpreter'
import type { MemoryObserver } from './memoryObserver'

/** Watches a machine run, for those who count events instead of cycles (twin/eventCounter.ts). */
export interface ExecutionObserver extends MemoryObserver {
  /** True while instructions have to be run by `run`. */
  isCounting(): boolean
  /** As Interpreter.run without stopAtJumps, counting what is executed. */
  run(hart: Hart, interpreter: Interpreter, limit: number): number
}
