import type { PhaseMark } from '../../shared/contract/gpu'
import type { ReadingClock } from './readingClock'

/** `{"event":"phase","name":"fp16","state":"begin","repetitions":64}` on a line of the wrapped command's stdout. */
export interface PhaseLine {
  name: string
  state: 'begin' | 'end'
  repetitions: number | null
}

/** What whoever makes the work of a recording without a command may do while it runs. */
export interface LiveRecording {
  /** Marks a phase; `lateMs` is how long ago it was printed, as far as known. */
  mark(line: PhaseLine, lateMs?: number): void
  /** Last temperature of each recorded device, degrees Celsius; null where it has none. */
  temperatures(): (number | null)[]
  /** Resolves when all that has been read is stored, also for a process that is killed; false: it could not be. */
  stored(): Promise<boolean>
  /** Everything that was to be measured was: an end after this is no early one. */
  complete(): void
  /** Clock of the recording: the host's, or that of a simulated board. */
  readonly clock: ReadingClock
}

/** Reads one line of stdout; null when it is not a phase line (it is then passed on as it is). */
export function parsePhaseLine(line: string): PhaseLine | null {
  const text = line.trim()
  if (!text.startsWith('{') || !text.includes('"phase"')) return null
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const { event, name, state, repetitions } = value as Record<string, unknown>
  if (event !== 'phase' || typeof name !== 'string' || name === '' || (state !== 'begin' && state !== 'end'))
    return null
  const isCount = typeof repetitions === 'number' && Number.isFinite(repetitions) && repetitions > 0
  return { name, state, repetitions: isCount ? repetitions : null }
}

/** A phase with its place in the order of begins, by which its stored row is found again when it ends. */
export interface TrackedPhase {
  sequence: number
  phase: PhaseMark
}

/** Collects phase lines into phases. Phases of different names may nest or overlap; one name runs once at a time. */
export interface PhaseTracker {
  /**
   * Returns the phases that the line began or ended; a phase that has only begun ends where it begins and is marked as
   * not ended. Empty when the line made no sense where it came (an end without its begin).
   */
  mark(line: PhaseLine, atMs: number): TrackedPhase[]
  /** Ends what is still open, marked as not ended by the command, and returns it. */
  close(atMs: number): TrackedPhase[]
  /** Finished phases in the order of their ends. */
  readonly phases: readonly PhaseMark[]
}

/** Turns begin and end lines into phases; a phase that is begun twice gets trial numbers. */
export function createPhaseTracker(): PhaseTracker {
  const open = new Map<string, TrackedPhase>()
  const trials = new Map<string, number>()
  const phases: PhaseMark[] = []
  let begun = 0
  const begin = (name: string, fromMs: number, repetitions: number | null): TrackedPhase => {
    const trial = (trials.get(name) ?? 0) + 1
    trials.set(name, trial)
    const tracked = {
      sequence: begun++,
      phase: { name, trial, fromMs, toMs: fromMs, repetitions, ended: false }
    }
    open.set(name, tracked)
    return tracked
  }
  const finish = (
    tracked: TrackedPhase,
    toMs: number,
    repetitions: number | null,
    ended: boolean
  ): TrackedPhase => {
    const { sequence, phase } = tracked
    open.delete(phase.name)
    const finished = { ...phase, toMs, repetitions: repetitions ?? phase.repetitions, ended }
    phases.push(finished)
    return { sequence, phase: finished }
  }
  return {
    mark({ name, state, repetitions }, atMs) {
      const running = open.get(name)
      const ended =
        running === undefined
          ? []
          : [finish(running, atMs, state === 'end' ? repetitions : null, state === 'end')]
      return state === 'begin' ? [...ended, begin(name, atMs, repetitions)] : ended
    },
    close: (atMs) => [...open.values()].map((tracked) => finish(tracked, atMs, null, false)),
    phases
  }
}
