import { setTimeout as pause } from 'node:timers/promises'
import { coolWithinK } from '../../../core/workload/measure/startTemperature'

/** How often the temperature is looked at, ms. */
const lookMs = 100
/** A GPU that did not cool by a degree for this share of the longest wait has come down as far as it does. */
const settledShare = 0.2

/** A GPU that cools. */
export interface Cooling {
  /** Degrees Celsius; null where none is read. */
  temperatureC(): number | null
  nowMs(): number
  /** Longest wait, ms. */
  readonly maxMs: number
  readonly signal: AbortSignal
  onWait(temperatureC: number): void
}

/** Temperature that a trial starts at, and how long it was waited for. */
export interface CooledStart {
  readonly startC: number | null
  readonly cooledMs: number
}

/** Waits until the GPU is at most 3 K above `coolToC`, or the longest wait is over. @throws when `signal` is aborted */
export async function coolDown(coolToC: number | null, cooling: Cooling): Promise<CooledStart> {
  const begunMs = cooling.nowMs()
  let startC = cooling.temperatureC()
  while (startC !== null && coolToC !== null && startC > coolToC + coolWithinK) {
    if (cooling.nowMs() - begunMs >= cooling.maxMs) break
    cooling.onWait(startC)
    await pause(lookMs, undefined, { signal: cooling.signal })
    startC = cooling.temperatureC()
  }
  return { startC, cooledMs: cooling.nowMs() - begunMs }
}

/** Waits until the GPU cools no further (or the longest wait is over) and returns what it came down to. */
export async function settle(cooling: Cooling): Promise<number | null> {
  const begunMs = cooling.nowMs()
  let lowest = cooling.temperatureC()
  let fellMs = begunMs
  for (;;) {
    const nowMs = cooling.nowMs()
    if (lowest === null || nowMs - begunMs >= cooling.maxMs) return lowest
    if (nowMs - fellMs >= settledShare * cooling.maxMs) return lowest
    cooling.onWait(lowest)
    await pause(lookMs, undefined, { signal: cooling.signal })
    const now = cooling.temperatureC()
    if (now !== null && now < lowest) [lowest, fellMs] = [now, cooling.nowMs()]
  }
}
