import type { Origin } from '../../../shared/vocabulary'

/** A knob is a number (tokens, blocks) or a name (tier, model). */
export type KnobValue = number | string

/** One measured configuration: named stages in milliseconds over named knobs. */
export interface StageSample {
  knobs: Readonly<Record<string, KnobValue>>
  /** Milliseconds, > 0; a stage that the configuration does not have is left out. */
  stages: Readonly<Record<string, number>>
  /** Tokens written; the decode stage is their sum. */
  outputTokens?: number
  /** Milliseconds per position 1..outputTokens, where they were recorded. */
  decodePerTokenMs?: readonly number[]
  device?: string
  /** Name of the folder or file it came from. */
  dataSet: string
  origin: Origin
}
