import type { HostProcess } from './hostProcess'

/** What one command cost, and what others felt of it. */
export interface Measured {
  what: string
  seconds: number
  /** Longest that a call of another client took meanwhile, ms. */
  longestWaitMs: number
  /** Highest resident memory of the host meanwhile. */
  peakBytes: number | null
  /** The same, above what the host held before. */
  growthBytes: number | null
}

/** Calls of the other client: one that needs the process alone, one that reads the data file. */
const probes = ['job.list', 'gpu.recordings'] as const
const probePauseMs = 10

/** Runs `work` while another client goes on calling, and says what both took. */
export async function measure(
  host: HostProcess,
  what: string,
  work: () => Promise<unknown>
): Promise<Measured> {
  let working = true
  let longestWaitMs = 0
  const probing = (async () => {
    for (let round = 0; working; round++) {
      const start = performance.now()
      await host.call(probes[round % probes.length]!, {})
      longestWaitMs = Math.max(longestWaitMs, performance.now() - start)
      await new Promise((resolve) => setTimeout(resolve, probePauseMs))
    }
  })()
  host.peakBytes()
  const heldBytes = host.peakBytes()
  const start = performance.now()
  try {
    await work()
  } finally {
    working = false
  }
  const seconds = (performance.now() - start) / 1000
  await probing
  const peakBytes = host.peakBytes()
  const growthBytes = peakBytes === null || heldBytes === null ? null : peakBytes - heldBytes
  return { what, seconds, longestWaitMs, peakBytes, growthBytes }
}
