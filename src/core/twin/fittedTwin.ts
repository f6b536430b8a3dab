import type { KernelEvents } from './events'
import type { TwinStructure } from './structure'
import type { TermName } from './terms'

/** A row of a real board beside what the simulator counted for the same kernel. */
export interface TwinRow {
  macs: number
  cyclesPerMac: number
  events: KernelEvents
}

/** The parameters found, in whole cycles. */
export interface FittedTwin {
  structure: TwinStructure
  cycles: Partial<Record<TermName, number>>
  /** Mean relative error that cross-validation expects of rows not seen, as a fraction. */
  expectedError: number
}
