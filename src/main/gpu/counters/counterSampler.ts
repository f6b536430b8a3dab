/** A cumulative energy counter that can be read. */
export interface Meter {
  source: 'nvml' | 'rapl'
  /** Zone of the processor; empty for a GPU. */
  name: string
  /** -1 for the processor. */
  gpuIndex: number
  readJ(): Promise<number>
}

/** A reading of an energy counter. */
export interface CounterReading {
  source: Meter['source']
  name: string
  gpuIndex: number
  /** Steady clock, ms: the middle of the call. */
  tMs: number
  energyJ: number
}

/**
 * Reads counters until stopped. Of equal successive readings only the first is passed on, and at the end the last: a
 * counter carries information when it moves. A counter that fails is read no more and reported once.
 */
export function startCounters(
  meters: readonly Meter[],
  options: {
    everyMs: number
    nowMs: () => number
    onReading(reading: CounterReading): void
    onFailure(meter: Meter, cause: unknown): void
  }
): { stop(): Promise<void> } {
  const { everyMs, nowMs, onReading, onFailure } = options
  const failed = new Set<Meter>()
  const lastJ = new Map<Meter, number>()
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const readAll = async (isLast: boolean): Promise<void> => {
    for (const meter of meters) {
      if (failed.has(meter)) continue
      const beforeMs = nowMs()
      try {
        const energyJ = await meter.readJ()
        const tMs = (beforeMs + nowMs()) / 2
        if (isLast || lastJ.get(meter) !== energyJ) {
          onReading({ source: meter.source, name: meter.name, gpuIndex: meter.gpuIndex, tMs, energyJ })
        }
        lastJ.set(meter, energyJ)
      } catch (cause) {
        failed.add(meter)
        onFailure(meter, cause)
      }
    }
  }
  let round: Promise<void> = Promise.resolve()
  const next = (): void => {
    round = readAll(false).then(() => {
      if (!stopped) timer = setTimeout(next, everyMs)
    })
  }
  if (meters.length > 0) next()
  return {
    async stop() {
      if (stopped) return
      stopped = true
      clearTimeout(timer)
      await round
      await readAll(true)
    }
  }
}
