import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** What a piece of work took, in seconds; `cpuSeconds` is of all threads of the run. */
export interface WorkTimes {
  wallSeconds: number
  cpuSeconds: number
}

/** A run that keeps `threads` processors busy, a piece of work at a time. */
export interface WorkRun {
  work(units: number): Promise<WorkTimes>
  end(): void
}

/** Starts bench/sampling/workOnly.mjs. */
export function startWorkRun(threads: number): WorkRun {
  const run = spawn(process.execPath, ['bench/sampling/workOnly.mjs', String(threads)], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const lines = createInterface({ input: run.stdout })[Symbol.asyncIterator]()
  return {
    async work(units) {
      run.stdin.write(`${JSON.stringify({ units })}\n`)
      const { value } = await lines.next()
      return JSON.parse(String(value)) as WorkTimes
    },
    end: () => void run.stdin.end()
  }
}
