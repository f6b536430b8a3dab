/** Longest time a freed slot is kept for the queue that was turned away before, ms: another worker may have taken its job. */
const keptMs = 1_000

/** A queue whose fetching can be halted. */
export interface HaltedQueue {
  /** Fetches no further job. */
  halt(): void
  resume(): void
}

/**
 * Slots of one worker that takes jobs from several queues. A queue that brings a job while none is free is halted; the next
 * freed slot is its own, so that queues take turns and no job is held by a worker that does not run it.
 */
export interface JobSlots {
  /** Takes a slot; null where none is free: the job goes back to its queue, which is halted until its turn. */
  take(queue: HaltedQueue): (() => void) | null
}

/** @param count jobs at a time, of all queues together */
export function createJobSlots(count: number): JobSlots {
  let free = count
  const halted: HaltedQueue[] = []
  const kept = new Map<HaltedQueue, NodeJS.Timeout>()
  const leave = (): void => {
    const next = halted.shift()
    if (next === undefined) {
      free++
      return
    }
    const timer = setTimeout(() => {
      kept.delete(next)
      leave()
    }, keptMs)
    timer.unref()
    kept.set(next, timer)
    next.resume()
  }
  const once = (): (() => void) => {
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      leave()
    }
  }
  return {
    take(queue) {
      const timer = kept.get(queue)
      if (timer !== undefined) {
        clearTimeout(timer)
        kept.delete(queue)
        return once()
      }
      if (free > 0) {
        free--
        return once()
      }
      if (!halted.includes(queue)) {
        queue.halt()
        halted.push(queue)
      }
      return null
    }
  }
}
