/** Virtual boards of this process that execute right now, each with its own time at the beginning of the stretch, ms. */
const running = new Map<symbol, number>()

/** Simulated times at which the first board began to execute and at which the last one stopped, oldest first. */
const changes: { atMs: number; isRunning: boolean }[] = []
const maxChanges = 20_000

/** Energy of all boards beyond waiting up to a simulated time, J: where one of them reported, oldest first. */
const drawn: { atMs: number; totalJ: number }[] = [{ atMs: -Infinity, totalJ: 0 }]
const maxDrawn = 40_000

/** Steady clock of this process, ms since 1970. */
export const steadyMs = (): number => performance.timeOrigin + performance.now()

/** By how much the simulated clock is ahead of the steady one while all boards wait, ms. */
let aheadMs = 0
/** Simulated time that stands still while all boards wait, ms; null where it goes on. */
let stoppedMs: number | null = null
/** Simulated time at which the first of the boards that execute began, ms, and the longest that one has executed since. */
const stretch = { begunMs: 0, longestMs: 0 }

/**
 * Clock of the virtual boards of this process: while one executes, the time that its own cycles take, however fast or loaded
 * this computer is; while all wait, as the steady clock goes. What is timed by it does not depend on the computer.
 */
export function simulatedMs(): number {
  if (running.size > 0) return stretch.begunMs + stretch.longestMs
  return stoppedMs ?? steadyMs() + aheadMs
}

/** Stops the simulated clock while all boards wait, until the returned function is called. One caller at a time. */
export function leaveOutWaiting(): () => void {
  stoppedMs = simulatedMs()
  return () => {
    aheadMs = simulatedMs() - steadyMs()
    stoppedMs = null
  }
}

/** Makes a change to which boards execute, and keeps when the first began and the last one stopped. */
function change(act: () => void): void {
  const atMs = simulatedMs()
  const wasRunning = running.size > 0
  act()
  const isRunning = running.size > 0
  if (isRunning === wasRunning) return
  if (isRunning) Object.assign(stretch, { begunMs: atMs, longestMs: 0 })
  else {
    aheadMs = atMs - steadyMs()
    if (stoppedMs !== null) stoppedMs = atMs
  }
  changes.push({ atMs, isRunning })
  if (changes.length > maxChanges) changes.splice(0, maxChanges / 2)
}

/** Where one virtual board reports whether it executes. */
export interface VirtualActivity {
  /** @param totalMs simulated time of the board since its start or reset; totalJ: its energy beyond waiting since then */
  executes(totalMs: number, totalJ: number): void
  waits(totalMs: number, totalJ: number): void
  ended(): void
}

/** Keeps whether one more virtual board executes or waits for bytes. */
export function trackVirtualBoard(): VirtualActivity {
  const board = Symbol('virtual board')
  let seenMs = 0
  let seenJ = 0
  const advance = (totalMs: number): void => {
    const sinceMs = running.get(board)
    if (sinceMs !== undefined) {
      // A core that was reset counts from zero again.
      const ownSinceMs = totalMs < seenMs ? sinceMs - seenMs : sinceMs
      running.set(board, ownSinceMs)
      stretch.longestMs = Math.max(stretch.longestMs, totalMs - ownSinceMs)
    }
    seenMs = totalMs
  }
  const draw = (totalJ: number): void => {
    // A core that was reset counts from zero again.
    const moreJ = totalJ < seenJ ? totalJ : totalJ - seenJ
    seenJ = totalJ
    const { totalJ: beforeJ } = drawn[drawn.length - 1]
    drawn.push({ atMs: simulatedMs(), totalJ: beforeJ + moreJ })
    if (drawn.length > maxDrawn) drawn.splice(0, maxDrawn / 2)
  }
  return {
    executes(totalMs, totalJ) {
      if (running.has(board)) {
        advance(totalMs)
        return draw(totalJ)
      }
      // Another board may have begun before: what this one adds counts from there.
      change(() => running.set(board, totalMs - (running.size === 0 ? 0 : stretch.longestMs)))
      seenMs = totalMs
      // What it did before was not shown: its time is not counted either.
      seenJ = totalJ
      draw(totalJ)
    },
    waits(totalMs, totalJ) {
      advance(totalMs)
      draw(totalJ)
      change(() => running.delete(board))
    },
    ended() {
      change(() => running.delete(board))
    }
  }
}

/**
 * Whether any virtual board executed at a time of the simulated clock. A simulated power meter shows their current by this, also
 * where it makes its readings late.
 */
export function isVirtualBoardRunning(atMs: number): boolean {
  for (let at = changes.length - 1; at >= 0; at--) if (changes[at].atMs <= atMs) return changes[at].isRunning
  return false
}

/**
 * Energy that virtual boards drew beyond waiting between two times of the simulated clock, J. Between two reports of a board,
 * which are some milliseconds of a computer apart, it is spread evenly.
 */
export function virtualEnergyJ(fromMs: number, toMs: number): number {
  return energyUntil(toMs) - energyUntil(fromMs)
}

function energyUntil(atMs: number): number {
  // The first report behind that time, by halving: the last reports are not always meant.
  let from = 0
  let next = drawn.length
  while (from < next) {
    const middle = (from + next) >> 1
    if (drawn[middle].atMs > atMs) next = middle
    else from = middle + 1
  }
  const before = drawn[Math.max(0, next - 1)]
  const after = drawn[next]
  if (next === 0 || after === undefined || before.atMs === -Infinity) return before.totalJ
  return before.totalJ + ((after.totalJ - before.totalJ) * (atMs - before.atMs)) / (after.atMs - before.atMs)
}

/** The virtual boards of this process as a simulated power meter beside them sees them. */
export const virtualBoardsMetered = {
  isRunning: isVirtualBoardRunning,
  energyJ: virtualEnergyJ,
  nowMs: simulatedMs,
  leaveOutWaiting
} as const
