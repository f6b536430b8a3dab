import { readFileSync, readdirSync } from 'node:fs'

/** A search by the processor time of its worker processes (Linux): other programs are not counted, however loaded the machine is. */
export interface ProcessAccount {
  /** Threads that compute, of all workers together, s. */
  readonly computeSeconds: number
  /** Main threads of all workers together, which talk to the server, s. */
  readonly messageSeconds: number
  /** Owner's main thread and, of each batch, the worker that computed most: what the search takes where nobody waits for a processor, s. */
  readonly criticalSeconds: number
}

/** Collects the account of a search that these worker processes evaluate, one job each at a time. */
export function createProcessAccount(pids: readonly number[]) {
  const look = () => pids.map((pid) => timesOf(pid))
  const ownMain = (): number => timesOf(process.pid).get(process.pid) ?? 0
  const ownBefore = ownMain()
  const first = look()
  let before = first
  let busiestNs = 0
  return {
    /** All evaluations of a batch have ended. */
    endBatch(): void {
      const now = look()
      busiestNs += Math.max(0, ...now.map((times, at) => computed(times, before[at]!, pids[at]!)))
      before = now
    },
    account(): ProcessAccount {
      const now = look()
      const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)
      const main = now.map((times, at) => (times.get(pids[at]!) ?? 0) - (first[at]!.get(pids[at]!) ?? 0))
      const compute = now.map((times, at) => computed(times, first[at]!, pids[at]!))
      return {
        computeSeconds: sum(compute) / 1e9,
        messageSeconds: sum(main) / 1e9,
        criticalSeconds: (ownMain() - ownBefore + busiestNs) / 1e9
      }
    }
  }
}

/** Processor time of the busiest thread beside the main thread, ns: V8's own threads are less busy than the one that computes. */
function computed(
  now: ReadonlyMap<number, number>,
  before: ReadonlyMap<number, number>,
  pid: number
): number {
  const own = [...now].filter(([thread]) => thread !== pid)
  return Math.max(0, ...own.map(([thread, ns]) => ns - (before.get(thread) ?? 0)))
}

/** Processor time of every thread of a process since it began, ns. */
function timesOf(pid: number): Map<number, number> {
  const times = new Map<number, number>()
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')
      times.set(Number(thread), Number(text.split(' ')[0]))
    } catch {
      // It ended between the two looks.
    }
  }
  return times
}
