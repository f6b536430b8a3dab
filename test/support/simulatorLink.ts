import type { Clock } from '@main/board/clock'
import { disconnected, type Link } from '@main/board/links/link'
import { createLinkListeners } from '@main/board/links/linkListeners'
import type { VirtualMachine } from '@core/sim/machine'

/** A little more than the BIOS waits for anything. */
const biosTimeoutMs = 300

/** No request keeps a board at work for longer: about ten seconds of the slowest preset. */
const usualInstructions = 500_000_000

/**
 * A simulated board behind a Link without a thread: it works when bytes come, and what it sends arrives when its own
 * clock has come that far. With a virtual clock a whole session is a computation without waiting.
 */
export function createSimulatorLink(
  machine: VirtualMachine,
  clock: Clock,
  options: { label?: string; mostInstructions?: number } = {}
): Link {
  const { label = 'simulated', mostInstructions = usualInstructions } = options
  let hangs = false
  const listeners = createLinkListeners()
  let freeAtMs = clock.nowMs()
  let toldMs = clock.nowMs()

  /** A BIOS that waits for bytes is told how time passes, and is looked after once its own time-outs are over. */
  const tellTime = (): void => {
    if (!machine.isInBios || listeners.closed !== null) return
    machine.advanceIdle(((clock.nowMs() - toldMs) * machine.config.clockHz) / 1000)
    toldMs = clock.nowMs()
    work()
  }

  const work = (): void => {
    if (hangs) return
    const before = machine.cycles()
    for (let left = mostInstructions; ;) {
      const { reason, executed } = machine.run(Math.min(left, 5_000_000))
      left -= executed
      if (reason === 'reset') machine.reset()
      else if (reason === 'idle') break
      // What runs away or locks up is silent from now on, as a crashed board is.
      else if (reason !== 'budget' || left <= 0) hangs = true
      if (hangs) break
    }
    // What was said before a crash does not wait for its end.
    if (!hangs) {
      freeAtMs =
        Math.max(freeAtMs, clock.nowMs()) +
        (Math.max(0, machine.cycles() - before) * 1000) / machine.config.clockHz
    }
    const bytes = machine.uartTake()
    if (bytes.length > 0) clock.after(freeAtMs - clock.nowMs(), () => listeners.data(bytes))
    if (machine.isInBios && bytes.length > 0) clock.after(biosTimeoutMs, tellTime)
  }
  work()
  return {
    descriptor: { kind: 'memory', label, port: null, baudRate: null, lossy: false },
    get closed() {
      return listeners.closed
    },
    onData: listeners.onData,
    onClose: listeners.onClose,
    async write(bytes) {
      if (listeners.closed !== null) throw disconnected(label, listeners.closed)
      tellTime()
      for (let rest = bytes; rest.length > 0 && !hangs;) {
        rest = rest.subarray(machine.uartPush(rest))
        work()
      }
    },
    async setBaud() {},
    async setSignals() {
      return false
    },
    async close() {
      listeners.end({ kind: 'asked', text: 'closed' })
    }
  }
}
