import { constants } from 'node:os'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type StopName = (typeof signals)[number]

/**
 * A signal that comes again this soon, in ms, is the same request: `timeout` signals the process and then its whole group,
 * and so do terminals above a wrapper like npm.
 */
const sameRequestMs = 250

/** Turns the first signal of this process into an abort, so that work ends in order; a second one ends it at once. */
export interface OrderlyStop {
  readonly signal: AbortSignal
  /** Begins to take signals. Before it, a signal ends the process as usual: nothing is open yet. */
  arm(): void
  disarm(): void
  /** 128 plus the signal's number (130 for SIGINT, 143 for SIGTERM); null when no signal came. */
  exitCode(): number | null
}

/** Turns the first signal into an abort and the second one into the end of the process; `nowMs` is a steady clock. */
export function createOrderlyStop(
  log: (line: string) => void,
  nowMs: () => number = () => performance.now()
): OrderlyStop {
  const controller = new AbortController()
  let received: StopName | undefined
  let receivedAtMs = 0
  let armed = false
  const codeOf = (name: StopName): number => 128 + constants.signals[name]
  const onSignal = (name: StopName): void => {
    if (received !== undefined) {
      if (name === received && nowMs() - receivedAtMs < sameRequestMs) return
      process.exit(codeOf(name))
    }
    received = name
    receivedAtMs = nowMs()
    log('Stopping; a second signal (Ctrl-C) ends at once.')
    controller.abort()
  }
  return {
    signal: controller.signal,
    arm() {
      if (armed) return
      armed = true
      for (const name of signals) process.on(name, onSignal)
    },
    disarm() {
      armed = false
      for (const name of signals) process.off(name, onSignal)
    },
    exitCode: () => (received === undefined ? null : codeOf(received))
  }
}
