import type { Span, Trace } from './trace'

/** What a live trace waits for. */
export type Trigger =
  | { kind: 'level'; side: 'above' | 'below'; level: number }
  | { kind: 'edge'; direction: 'rising' | 'falling'; level: number }
  /** `name` null: whichever phase begins first. */
  | { kind: 'phase'; name: string | null }

/** Beginning of a phase, on the clock of the trace. */
export interface PhaseStart {
  name: string
  atMs: number
}

/**
 * Returns the first time after `sinceMs` at which the trigger fires; null while it does not. An edge is a reading on the far side
 * directly after one on the near side, so it never fires across a gap, and the time is that of the reading that crossed.
 */
export function triggerTime(
  trigger: Trigger,
  timesMs: ArrayLike<number>,
  values: ArrayLike<number | null>,
  phases: readonly PhaseStart[],
  sinceMs: number
): number | null {
  if (trigger.kind === 'phase')
    return (
      phases.find(({ name, atMs }) => (trigger.name === null || name === trigger.name) && atMs > sinceMs)
        ?.atMs ?? null
    )
  const upward = isUpward(trigger)
  const isBeyond = (value: number): boolean => (upward ? value >= trigger.level : value <= trigger.level)
  for (let at = 0; at < timesMs.length; at++) {
    const value = values[at] ?? NaN
    if (timesMs[at] <= sinceMs || Number.isNaN(value) || !isBeyond(value)) continue
    const before = at === 0 ? NaN : (values[at - 1] ?? NaN)
    if (trigger.kind === 'level' || (!Number.isNaN(before) && !isBeyond(before))) return timesMs[at]
  }
  return null
}

const isUpward = (trigger: Exclude<Trigger, { kind: 'phase' }>): boolean =>
  trigger.kind === 'level' ? trigger.side === 'above' : trigger.direction === 'rising'

/**
 * What of a trace a trigger looks at: of an envelope its greatest readings on the way up and its least on the way down, so that no
 * peak is missed. An edge then needs one whole point on the near side before it.
 */
export function watchedValues(trigger: Trigger, { values, low, high }: Trace): ArrayLike<number | null> {
  if (trigger.kind === 'phase') return values
  return (isUpward(trigger) ? high : low) ?? values
}

/** The stretch a fired trigger shows, ms: `preMs` before the time and `postMs` after it. */
export const triggerSpan = (atMs: number, preMs: number, postMs: number): Span => [
  atMs - preMs,
  atMs + postMs
]
