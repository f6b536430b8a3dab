import path from 'node:path'
import type { PhaseMark, Recording } from '../../../shared/contract/gpu'
import type { MeterTextUnits } from '../../../shared/contract/meter'
import type { GpuStore } from '../store/gpuStore'

/** A file of readings to take over. */
export interface ImportRequest {
  id: string
  file: string
  title: string | undefined
  /** Used for every GPU that the file does not name. */
  gpuName: string | undefined
  /** For lines of a power meter: voltage where they hold none, units where the header names none. */
  meter?: { supplyV?: number | undefined; units?: MeterTextUnits | undefined } | undefined
}

/** A recording that was taken over, and what is to be known of it. */
export interface Imported {
  recording: Recording
  notes: string[]
}

/** A recording without anything that a file may leave open. */
export function blankRecording({ id, title, file }: ImportRequest, from: string): Recording {
  const unavailable = { state: 'unavailable' as const, reason: `Not in ${from}.`, source: null }
  return {
    ...{ id, title: title ?? path.basename(file), state: 'done', origin: 'measured', command: [] },
    ...{ startedAtMs: 0, durationMs: 0, exitCode: null, gpus: [], driverVersion: '', powerFields: [] },
    ...{ intervalMs: 100, askedHz: 10, achievedHz: null, samples: 0, restarts: 0, malformedLines: 0 },
    ...{ temperatureBeforeC: [], temperatureAfterC: [], powerLimitsW: [], idleMs: 0, idleAfterMs: 0 },
    ...{ counter: unavailable, cpuCounter: unavailable, strangers: [] },
    ...{ strangersUnknown: `Not in ${from}.`, clockLock: null, migGpus: [] },
    message: `Imported from ${from} ${path.basename(file)}.`
  }
}

/** One entry per GPU of what a recording has per GPU; temperatures and limits are in none of the files. */
export function ofGpus(
  indexes: readonly number[],
  nameOf: (index: number) => string | undefined
): Pick<Recording, 'gpus' | 'temperatureBeforeC' | 'temperatureAfterC' | 'powerLimitsW'> {
  return {
    gpus: indexes.map((index) => ({ index, name: nameOf(index) ?? `GPU ${index} (imported)`, uuid: null })),
    temperatureBeforeC: indexes.map(() => null),
    temperatureAfterC: indexes.map(() => null),
    powerLimitsW: indexes.map(() => null)
  }
}

/** Stores phases in their order. */
export async function savePhases(store: GpuStore, id: string, phases: readonly PhaseMark[]): Promise<void> {
  await store.savePhases(
    id,
    phases.map((phase, sequence) => ({ sequence, phase }))
  )
}
