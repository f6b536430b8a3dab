import { readFileSync, readdirSync } from 'node:fs'

/** Processor time of threads since they began, ns, by thread. */
export type ThreadTimes = ReadonlyMap<number, number>

/** Times of all threads of a process (Linux); its main thread has the process's number. */
export function threadTimes(pid: number): ThreadTimes {
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

/** Processor time of a thread between two looks, ns; a thread that was not there before began since. */
export const timeBetween = (before: ThreadTimes, now: ThreadTimes, thread: number): number =>
  (now.get(thread) ?? 0) - (before.get(thread) ?? 0)

/** Sum of times, ns. */
export const totalNs = (times: readonly number[]): number => times.reduce((all, ns) => all + ns, 0)
