import { createTextLines } from '../../../core/text/lines'
import { parsePhaseLine, type PhaseLine } from '../../../core/gpu/phaseMarks'
import { AppError } from '../../../shared/errors'
import { processGroupOf, type ProcessGroup } from '../../files/processGroup'
import type { Spawn } from '../smi/smiProcess'

/** Surroundings and listeners of a recorded command. */
export interface CommandHooks {
  spawn: Spawn
  cwd: string | undefined
  stdin: 'inherit' | 'ignore'
  nowMs: () => number
  signal: AbortSignal
  onPhase(line: PhaseLine, atMs: number): void
  /** What the command printed, without its phase lines. */
  onOutput(stream: 'stdout' | 'stderr', text: string): void
}

/** How a command ended. */
export interface CommandEnd {
  /** Null when a signal ended it. */
  exitCode: number | null
  /** True when processes of the command did not end when asked to and were killed. */
  wasKilled: boolean
}

/** How long the command and what it started have to end by themselves when they are asked to, ms. */
const endGraceMs = 5_000
const pollMs = 50

/**
 * Runs the command to be measured: no shell, stdin and stderr passed through, stdout passed on but for its phase
 * lines. An abort asks it and everything it started to end (SIGTERM), then kills what is left.
 *
 * @throws tool.failed when it could not be started
 */
export function runRecordedCommand(command: readonly string[], hooks: CommandHooks): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    const child = hooks.spawn(command[0], command.slice(1), {
      stdio: [hooks.stdin, 'pipe', 'pipe'],
      // A process group of its own, so that what it starts can be ended with it.
      detached: true,
      windowsHide: true,
      ...(hooks.cwd === undefined ? {} : { cwd: hooks.cwd })
    })
    const group = processGroupOf(child)
    const lines = createTextLines()
    let ending: Promise<boolean> | undefined
    const onAbort = (): void => {
      ending ??= endGroup(group, () => {
        child.stdout?.destroy()
        child.stderr?.destroy()
      })
    }
    if (hooks.signal.aborted) onAbort()
    else hooks.signal.addEventListener('abort', onAbort, { once: true })

    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const atMs = hooks.nowMs()
      for (const line of lines.push(text)) {
        const phase = parsePhaseLine(line)
        if (phase === null) hooks.onOutput('stdout', `${line}\n`)
        else hooks.onPhase(phase, atMs)
      }
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => hooks.onOutput('stderr', text))
    child.once('error', (cause) => {
      if (child.pid !== undefined) return
      hooks.signal.removeEventListener('abort', onAbort)
      reject(
        new AppError(
          'tool.failed',
          `The command ${command[0]} could not be started: ${cause.message}.`,
          'Give the program and its arguments after "--", as they would be typed in a terminal.',
          { cause }
        )
      )
    })
    child.once('close', (exitCode) => {
      hooks.signal.removeEventListener('abort', onAbort)
      const rest = lines.rest()
      const phase = parsePhaseLine(rest)
      if (phase !== null) hooks.onPhase(phase, hooks.nowMs())
      else if (rest !== '') hooks.onOutput('stdout', rest)
      void (ending ?? Promise.resolve(false)).then((wasKilled) => resolve({ exitCode, wasKilled }))
    })
  })
}

/** Ends a group in order; true when it had to be killed. `onKill` frees pipes that a killed process may have left open. */
async function endGroup(group: ProcessGroup, onKill: () => void): Promise<boolean> {
  group.terminate()
  for (let waitedMs = 0; waitedMs < endGraceMs; waitedMs += pollMs) {
    if (!group.isAlive()) return false
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  if (!group.isAlive()) return false
  group.kill()
  onKill()
  return true
}
