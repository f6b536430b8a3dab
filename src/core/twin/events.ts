import type { MemoryEvents } from './memoryProbe'
import type { StaticEvents } from './staticEvents'

/** What happened while one kernel ran once, after a run that warmed the caches. */
export interface KernelEvents extends StaticEvents {
  /** By position among the requested memory shapes. */
  memory: MemoryEvents[]
}
