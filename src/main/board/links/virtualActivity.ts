/** Virtual boards of this process that execute right now. */
const running = new Set<symbol>()

/** When the first board began or the last one ended to execute, oldest first; of more than `mostChanges` the newest. */
const changes: { atMs: number; isRunning: boolean }[] = []
const mostChanges = 20_000

/** Steady clock of this process, ms since 1970. */
const steadyMs = (): number => performance.timeOrigin + performance.now()

function note(): void {
  const isRunning = running.size > 0
  if ((changes.at(-1)?.isRunning ?? false) === isRunning) return
  changes.push({ atMs: steadyMs(), isRunning })
  if (changes.length > mostChanges) changes.splice(0, mostChanges / 2)
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
 * Whether any virtual board executed at a time of the steady clock: what a simulated power meter beside them draws current
 * for, also where it makes its readings late.
 *
 * @param atMs ms since 1970; default now
 */
export function isVirtualBoardRunning(atMs = steadyMs()): boolean {
  for (let at = changes.length - 1; at >= 0; at--)
    if (changes[at]!.atMs <= atMs) return changes[at]!.isRunning
  return false
}
