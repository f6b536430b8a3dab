import type { Clock } from '@main/board/clock'

interface Due {
  atMs: number
  callback: () => void
}

/** Time that passes only when everybody waits: it jumps to whatever is due next. */
export class VirtualClock implements Clock {
  private now = 0
  /** In the order they are due; the latest last. */
  private readonly waiting: Due[] = []

  /** Callbacks that are neither called nor called off. */
  get pending(): number {
    return this.waiting.length
  }

  nowMs(): number {
    return this.now
  }

  after(delayMs: number, callback: () => void): () => void {
    const due = { atMs: this.now + Math.max(0, delayMs), callback }
    let at = this.waiting.length
    // Among those due at the same moment the first asked comes first.
    while (at > 0 && this.waiting[at - 1]!.atMs > due.atMs) at--
    this.waiting.splice(at, 0, due)
    return () => {
      const found = this.waiting.indexOf(due)
      if (found >= 0) this.waiting.splice(found, 1)
    }
  }

  /**
   * Lets time pass until the work settles. Throws when the work waits for something that nobody will ever do: a hang.
   */
  async run<T>(work: Promise<T>): Promise<T> {
    let hasSettled = false
    const note = (): void => void (hasSettled = true)
    work.then(note, note)
    for (;;) {
      // All promises that can go on do so before this returns.
      await new Promise<void>((resolve) => setImmediate(resolve))
      if (hasSettled) return await work
      const next = this.waiting.shift()
      if (next === undefined) throw new Error(`It hangs: nothing is due after ${this.now} ms`)
      this.now = Math.max(this.now, next.atMs)
      next.callback()
    }
  }

  /** Lets everything happen that is due within `durationMs`. */
  async pass(durationMs: number): Promise<void> {
    await this.run(new Promise<void>((resolve) => void this.after(durationMs, resolve)))
  }
}
