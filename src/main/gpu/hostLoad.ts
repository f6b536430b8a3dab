import { currentLoad, mem } from 'systeminformation'
import type { HostLoad } from '../../shared/contract/gpu'

/** What the machine around the GPU is doing; what is not known is null. */
export async function readHostLoad(nowMs: () => number): Promise<HostLoad> {
  const [load, memory] = await Promise.allSettled([currentLoad(), mem()])
  const finite = (value: number | undefined): number | null =>
    value !== undefined && Number.isFinite(value) ? value : null
  return {
    tMs: nowMs(),
    cpuPercent: finite(load.status === 'fulfilled' ? load.value.currentLoad : undefined),
    memoryUsedBytes: finite(memory.status === 'fulfilled' ? memory.value.active : undefined),
    memoryTotalBytes: finite(memory.status === 'fulfilled' ? memory.value.total : undefined)
  }
}

/** Reads the host's load every second until stopped; a reading that takes longer delays the next one. */
export function startHostLoad(
  read: () => Promise<HostLoad>,
  onLoad: (load: HostLoad) => void,
  everyMs = 1_000
): { stop(): void } {
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  const round = async (): Promise<void> => {
    // A machine that cannot tell its load must not end a recording over it: that reading is simply missing.
    const load = await read().catch(() => null)
    if (stopped) return
    if (load !== null) onLoad(load)
    timer = setTimeout(() => void round(), everyMs)
    timer.unref()
  }
  void round()
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
    }
  }
}
