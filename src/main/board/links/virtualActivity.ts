/** Virtual boards of this process that execute right now. */
const running = new Set<symbol>()

/** Where one virtual board reports whether it executes. */
export interface VirtualActivity {
  changed(isRunning: boolean): void
  ended(): void
}

/** Keeps whether one more virtual board executes or waits for bytes. */
export function trackVirtualBoard(): VirtualActivity {
  const board = Symbol('virtual board')
  return {
    changed: (isRunning) => void (isRunning ? running.add(board) : running.delete(board)),
    ended: () => void running.delete(board)
  }
}

/** Whether any virtual board executes: what a simulated power meter beside them draws current for. */
export const isVirtualBoardRunning = (): boolean => running.size > 0
