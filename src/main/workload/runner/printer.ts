import { writeFileSync, writeSync } from 'node:fs'
import type { RunnerEvent } from '../../../shared/contract/workload/workloadProtocol'

/** What a runner may print; fields with defaults can be left out. */
export type Print = (event: { event: RunnerEvent['event'] } & Record<string, unknown>) => void

/** Prints protocol lines at once: a phase mark that waits in a buffer would be dated late. */
export const print: Print = (event) => {
  const line = Buffer.from(`${JSON.stringify(event)}\n`)
  for (let at = 0; at < line.length;) {
    try {
      at += writeSync(1, line, at)
    } catch (cause) {
      // A full pipe: the reader is slower than this process.
      if ((cause as NodeJS.ErrnoException).code !== 'EAGAIN') throw cause
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}

/**
 * Prints the two marks of a phase. BITBENCH_PHASE_FILE names a file that holds the name of the present phase and is empty
 * between phases: for other loggers, and for the stand-in of nvidia-smi, which draws a known power in each.
 */
export function createPhases(
  env: Readonly<Record<string, string | undefined>>,
  print: Print
): {
  begin(name: string): void
  end(name: string, repetitions: number, more?: Readonly<Record<string, number>>): void
} {
  const file = env['BITBENCH_PHASE_FILE']
  const note = (text: string): void => {
    if (file !== undefined && file !== '') writeFileSync(file, text)
  }
  const ns = (): number => Number(process.hrtime.bigint())
  return {
    begin(name) {
      note(name)
      print({ event: 'phase', name, state: 'begin', ns: ns() })
    },
    end(name, repetitions, more = {}) {
      print({ event: 'phase', name, state: 'end', repetitions, ns: ns(), ...more })
      note('')
    }
  }
}
