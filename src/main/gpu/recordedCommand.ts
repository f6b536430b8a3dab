import { createTextLines } from '../../core/gpu/textLines'
import { parsePhaseLine, type PhaseLine } from '../../core/gpu/phaseMarks'
import { AppError } from '../../shared/errors'
import type { Spawn } from './smiProcess'

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

/** How long the command has to end by itself when it is asked to, ms. */
const endGraceMs = 5_000

/**
 * Runs the command to be measured: no shell, stdin and stderr passed through, stdout passed on but for its phase
 * lines. An abort asks it to end (SIGTERM), then ends it.
 *
 * @returns its exit code, or null when a signal ended it
 * @throws tool.failed when it could not be started
 */
export function runRecordedCommand(command: readonly string[], hooks: CommandHooks): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = hooks.spawn(command[0]!, command.slice(1), {
      stdio: [hooks.stdin, 'pipe', 'pipe'],
      ...(hooks.cwd === undefined ? {} : { cwd: hooks.cwd })
    })
    const lines = createTextLines()
    let killTimer: NodeJS.Timeout | undefined
    const onAbort = (): void => {
      child.kill('SIGTERM')
      killTimer = setTimeout(() => {
        child.kill('SIGKILL')
        child.stdout?.destroy()
        child.stderr?.destroy()
      }, endGraceMs)
    }
    const leave = (): void => {
      clearTimeout(killTimer)
      hooks.signal.removeEventListener('abort', onAbort)
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
      leave()
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
      leave()
      const rest = lines.rest()
      const phase = parsePhaseLine(rest)
      if (phase !== null) hooks.onPhase(phase, hooks.nowMs())
      else if (rest !== '') hooks.onOutput('stdout', rest)
      resolve(exitCode)
    })
  })
}
