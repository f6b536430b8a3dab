import { threadTimes, timeBetween, totalNs } from './threadTimes'

/** A search by the processor time of its threads (Linux): other programs are not counted, however loaded the machine is. */
export interface ThreadAccount {
  /** Main thread, s: proposals and messages, while the workers wait. */
  readonly mainSeconds: number
  /** Workers together, s. */
  readonly workerSeconds: number
  /** Sum over the batches of their busiest worker, s. */
  readonly busiestSeconds: number
  /** Threads on which V8 compiles and collects, and all others, s. */
  readonly otherSeconds: number
  /** What the search takes where no thread waits for a processor: the main thread and the busiest worker of each batch, s. */
  readonly criticalSeconds: number
}

/** Collects the account of a search; `workers` threads take part in it. */
export function createThreadAccount(workers: number) {
  const main = process.pid
  let before = threadTimes(main)
  const total = new Map<number, number>()
  const batches: Map<number, number>[] = []
  return {
    /** All evaluations of a batch have ended. */
    endBatch(): void {
      const now = threadTimes(main)
      const batch = new Map<number, number>()
      for (const thread of now.keys()) {
        const own = timeBetween(before, now, thread)
        batch.set(thread, own)
        total.set(thread, (total.get(thread) ?? 0) + own)
      }
      batches.push(batch)
      before = now
    },
    account(): ThreadAccount {
      const mainNs = total.get(main) ?? 0
      const others = [...total].filter(([thread]) => thread !== main).sort((a, b) => b[1] - a[1])
      const ownWorkers = others.slice(0, workers).map(([thread]) => thread)
      const workerNs = totalNs(ownWorkers.map((thread) => total.get(thread)!))
      const busiestNs = totalNs(
        batches.map((batch) => Math.max(...ownWorkers.map((thread) => batch.get(thread) ?? 0)))
      )
      return {
        mainSeconds: mainNs / 1e9,
        workerSeconds: workerNs / 1e9,
        busiestSeconds: busiestNs / 1e9,
        otherSeconds: (totalNs([...total.values()]) - mainNs - workerNs) / 1e9,
        criticalSeconds: (mainNs + busiestNs) / 1e9
      }
    }
  }
}
