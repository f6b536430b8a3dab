/** Starts a clock; calling it returns the wall-clock and processor seconds (user and system, all threads) since then. */
export function startClock(): () => { seconds: number; cpuSeconds: number } {
  const start = performance.now()
  const cpuStart = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(cpuStart)
    return { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 }
  }
}

/** What ran in one measurement. */
export interface Spell {
  instructions: number
  cycles: number
  /** Wall clock. */
  seconds: number
  /** Processor time of this process, which other processes on the machine do not stretch. */
  cpuSeconds: number
}
