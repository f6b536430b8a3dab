/** Virtual boards of this process that execute right now. */
const running = new Set<symbol>()

/** Times at which the first board began to execute and at which the last one stopped, oldest first; the newest `maxChanges`. */
const changes: { atMs: number; isRunning: boolean }[] = []
const maxChanges = 20_000

/** Steady clock of this process, ms since 1970. */
export const steadyMs = (): number => performance.timeOrigin + performance.now()

function note(): void {
  const isRunning = running.size > 0
  if ((changes.at(-1)?.isRunning ?? false) === isRunning) return
  changes.push({ atMs: steadyMs(), isRunning })
  if (changes.length > maxChanges) changes.splice(0, maxChanges / 2)
}

/** Where one virtual board reports whether it executes. */
export interface VirtualActivity {
  changed(isRunning: boolean): void
  ended(): void
}

/** Keeps whether one more virtual board executes or waits for bytes. */
export function trackVirtualBoard(): VirtualActivity {
  const board = Symbol('virtual board')
  return {
    changed(isRunning) {
      if (isRunning) running.add(board)
      else running.delete(board)
      note()
    },
    ended() {
      running.delete(board)
      note()
    }
  }
}

/**
 * Whether any virtual board executed at a time of the steady clock. A simulated power meter shows their current by this, also
 * where it makes its readings late.
 *
 * @param atMs ms since 1970
 */
export function isVirtualBoardRunning(atMs: number): boolean {
  for (let at = changes.length - 1; at >= 0; at--) if (changes[at].atMs <= atMs) return changes[at].isRunning
  return false
}
