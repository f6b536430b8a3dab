import { readFileSync } from 'node:fs'
import { cpus, freemem, totalmem } from 'node:os'
import type { HostLoad } from '../../../shared/contract/gpu'

/** Time that all processors were busy, and all time, since the system started; in any unit. */
export interface BusyTime {
  busy: number
  all: number
}

/** What a system says of its processors and memory. */
export interface HostSystem {
  busyTime(): BusyTime
  /** Memory that can be had without swapping, bytes. */
  freemem(): number
  totalmem(): number
}

/**
 * Returns what reads how busy the machine around the GPU is: the processors' share since the reading before, by counters
 * of the system. Nothing is started for it: a program once a second would cost more than the sampling.
 */
export function createHostLoadReader(
  nowMs: () => number,
  system: HostSystem = { busyTime: systemBusyTime, freemem, totalmem }
): () => Promise<HostLoad> {
  let before = system.busyTime()
  return async () => {
    const now = system.busyTime()
    const [busy, all] = [now.busy - before.busy, now.all - before.all]
    const cpuPercent = all > 0 ? Math.min(100, Math.max(0, (100 * busy) / all)) : null
    // Two readings within a tick of the system: the next one covers both.
    if (all > 0) before = now
    const total = system.totalmem()
    return { tMs: nowMs(), cpuPercent, memoryUsedBytes: total - system.freemem(), memoryTotalBytes: total }
  }
}

/**
 * The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal in ticks. Null for other texts.
 * Steal is time that others had.
 */
export function parseProcStat(text: string): BusyTime | null {
  const match = /^cpu +([\d ]+)/.exec(text)
  if (match === null) return null
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, steal = 0] = match[1]
    .trim()
    .split(/ +/)
    .map(Number)
  const busy = user + nice + system + irq + soft
  return { busy, all: busy + idle + wait + steal }
}

/** os.cpus also reads the clock of every processor, which takes milliseconds: only where there is no /proc/stat. */
function systemBusyTime(): BusyTime {
  try {
    const read = parseProcStat(readFileSync('/proc/stat', 'latin1'))
    if (read !== null) return read
  } catch {
    // Another system than Linux.
  }
  let [busy, all] = [0, 0]
  for (const { times } of cpus()) {
    const working = times.user + times.nice + times.sys + times.irq
    busy += working
    all += working + times.idle
  }
  return { busy, all }
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
    // A machine that cannot report its load must not end a recording over it: that reading is simply missing.
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
