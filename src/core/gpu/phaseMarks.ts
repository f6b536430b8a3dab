import type { PhaseMark } from '../../shared/contract/gpu'

/** `{"event":"phase","name":"fp16","state":"begin","repetitions":64}` on a line of the wrapped command's stdout. */
export interface PhaseLine {
  name: string
  state: 'begin' | 'end'
  repetitions: number | null
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
  const told = typeof repetitions === 'number' && Number.isFinite(repetitions) && repetitions > 0
  return { name, state, repetitions: told ? repetitions : null }
}

/** Collects phase lines into phases. Phases of different names may nest or overlap; one name runs once at a time. */
export interface PhaseTracker {
  /** False when the line made no sense where it came (an end without its begin). */
  mark(line: PhaseLine, atMs: number): boolean
  /** The command ended: what is still open ends here, marked as not ended by the command. */
  close(atMs: number): void
  /** Finished phases in the order of their ends. */
  readonly phases: readonly PhaseMark[]
}

export function createPhaseTracker(): PhaseTracker {
  const open = new Map<string, { fromMs: number; repetitions: number | null }>()
  const trials = new Map<string, number>()
  const phases: PhaseMark[] = []
  const finish = (name: string, toMs: number, repetitions: number | null, ended: boolean): void => {
    const began = open.get(name)!
    open.delete(name)
    const trial = (trials.get(name) ?? 0) + 1
    trials.set(name, trial)
    phases.push({
      name,
      trial,
      fromMs: began.fromMs,
      toMs,
      repetitions: repetitions ?? began.repetitions,
      ended
    })
  }
  return {
    mark(line, atMs) {
      if (line.state === 'begin') {
        if (open.has(line.name)) finish(line.name, atMs, null, false)
        open.set(line.name, { fromMs: atMs, repetitions: line.repetitions })
        return true
      }
      if (!open.has(line.name)) return false
      finish(line.name, atMs, line.repetitions, true)
      return true
    },
    close(atMs) {
      for (const name of [...open.keys()]) finish(name, atMs, null, false)
    },
    phases
  }
}
