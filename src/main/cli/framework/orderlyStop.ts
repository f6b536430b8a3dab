import { constants } from 'node:os'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
type StopName = (typeof signals)[number]

/** Turns the first signal of this process into an abort, so that work ends in order; a second one ends it at once. */
export interface OrderlyStop {
  readonly signal: AbortSignal
  /** Begins to take signals. Before it, a signal ends the process as usual: nothing is open yet. */
  arm(): void
  disarm(): void
  /** 128 plus the signal's number (130 for SIGINT, 143 for SIGTERM); null when no signal came. */
  exitCode(): number | null
}

/** Turns the first signal into an abort and the second one into the end of the process. */
export function createOrderlyStop(log: (line: string) => void): OrderlyStop {
  const controller = new AbortController()
  let received: StopName | undefined
  let armed = false
  const codeOf = (name: StopName): number => 128 + constants.signals[name]
  const onSignal = (name: StopName): void => {
    if (received !== undefined) process.exit(codeOf(name))
    received = name
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
