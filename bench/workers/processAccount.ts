import { threadTimes, timeBetween, totalNs, type ThreadTimes } from './threadTimes'

/** A search by the processor time of its worker processes (Linux): other programs are not counted, however loaded the machine is. */
export interface ProcessAccount {
  /** Threads that compute, of all workers together, s. */
  readonly computeSeconds: number
  /** Main threads of all workers together, which talk to the server, s. */
  readonly messageSeconds: number
  /** Owner's main thread and, of each batch, the worker that computed most: what the search takes where none waits for a processor, s. */
  readonly criticalSeconds: number
}

/** Collects the account of a search that these worker processes evaluate, one job each at a time. */
export function createProcessAccount(pids: readonly number[]) {
  const look = () => pids.map(threadTimes)
  const ownMain = (): number => threadTimes(process.pid).get(process.pid) ?? 0
  const ownBefore = ownMain()
  const first = look()
  let before = first
  let busiestNs = 0
  return {
    /** All evaluations of a batch have ended. */
    endBatch(): void {
      const now = look()
      busiestNs += Math.max(0, ...now.map((times, at) => computed(before[at]!, times, pids[at]!)))
      before = now
    },
    account(): ProcessAccount {
      const now = look()
      const main = now.map((times, at) => timeBetween(first[at]!, times, pids[at]!))
      const compute = now.map((times, at) => computed(first[at]!, times, pids[at]!))
      return {
        computeSeconds: totalNs(compute) / 1e9,
        messageSeconds: totalNs(main) / 1e9,
        criticalSeconds: (ownMain() - ownBefore + busiestNs) / 1e9
      }
    }
  }
}

/** Processor time of the busiest thread beside the main thread, ns: V8's own threads are less busy than the one that computes. */
function computed(before: ThreadTimes, now: ThreadTimes, pid: number): number {
  const others = [...now.keys()].filter((thread) => thread !== pid)
  return Math.max(0, ...others.map((thread) => timeBetween(before, now, thread)))
}
