import type { LineStatistics } from '../../shared/contract/board'

/** Line statistics on screen are refreshed this often while bytes flow. */
const everyMs = 1_000

/** Reports each connection whose counts have moved since the last tick. */
export function tickStatistics<T extends object>(
  open: () => T[],
  statistics: (connection: T) => LineStatistics | null,
  moved: (connection: T) => void
): { stop(): void } {
  const shown = new WeakMap<object, string>()
  const timer = setInterval(() => {
    for (const connection of open()) {
      const now = JSON.stringify(statistics(connection))
      if (shown.get(connection) === now) continue
      shown.set(connection, now)
      moved(connection)
    }
  }, everyMs)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}
