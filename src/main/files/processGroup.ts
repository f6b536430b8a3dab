import { spawn, type ChildProcess } from 'node:child_process'

/**
 * Ends a command together with everything it started. The command must have been started with `detached: true`, which
 * makes it the leader of a process group of its own (on Windows its tree is ended by taskkill).
 */
export interface ProcessGroup {
  /** Whether a process of the group still runs. */
  isAlive(): boolean
  /** Asks every process of the group to end (SIGTERM). */
  terminate(): void
  /** Ends every process of the group (SIGKILL). */
  kill(): void
}

/** Returns a command with everything it started, to be signalled as one. */
export function processGroupOf(child: ChildProcess): ProcessGroup {
  const { pid } = child
  const signal = (name: NodeJS.Signals | 0): boolean => {
    if (pid === undefined) return false
    if (process.platform === 'win32') {
      if (name === 0) return child.exitCode === null && child.signalCode === null
      spawn('taskkill', ['/T', '/F', '/PID', String(pid)], { stdio: 'ignore' }).on('error', () =>
        child.kill()
      )
      return true
    }
    try {
      return process.kill(-pid, name)
    } catch {
      return false
    }
  }
  return {
    isAlive: () => signal(0),
    terminate: () => void signal('SIGTERM'),
    kill: () => void signal('SIGKILL')
  }
}
