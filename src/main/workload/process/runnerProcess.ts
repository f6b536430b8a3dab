import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { createTextLines } from '../../../core/text/lines'
import { readRunnerLine } from '../../../core/workload/protocol'
import type { RunnerEvent, RunnerRequest } from '../../../shared/contract/workload/workloadProtocol'
import { AppError } from '../../../shared/errors'

/** How to start a runner: program, arguments, further environment. */
export interface RunnerCommand {
  readonly file: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Folder that relative paths are meant from. */
  readonly cwd?: string
}

/** Starts a program; tests put another in its place. */
export type SpawnRunner = (file: string, args: readonly string[], options: SpawnOptions) => ChildProcess

/** A running runner; events come in the order of its lines. */
export interface RunnerProcess {
  send(request: RunnerRequest): void
  /**
   * Waits for an event that `wanted` returns something for; every event goes to `onEvent` first.
   * @throws job.crashed when the runner ends before, or nothing comes within `withinMs`; what an error event says
   */
  until<T>(wanted: (event: RunnerEvent) => T | undefined, withinMs: number): Promise<T>
  /** Asks it to stop, and ends it after `graceMs`. */
  stop(graceMs?: number): Promise<void>
  readonly unknownEvents: number
}

/** Longest line: predictions carry a label for each token. */
const maxLine = 64_000_000
/** The end of what it printed to stderr, for the message when it fails. */
const keptOutput = 2_000

/** Starts a runner; its lines become events, everything else it prints is output. */
export function startRunner(
  spawn: SpawnRunner,
  command: RunnerCommand,
  hooks: { onEvent(event: RunnerEvent): void; onOutput(text: string): void }
): RunnerProcess {
  const child = spawn(command.file, command.args, optionsOf(command))
  const events = createEventQueue()
  let unknownEvents = 0
  let errors = ''
  const take = (line: string): void => {
    const read = readRunnerLine(line)
    if (read.kind === 'output') hooks.onOutput(read.text)
    else if (read.kind === 'unknown') unknownEvents++
    else {
      hooks.onEvent(read.event)
      events.push(read.event)
    }
  }
  const lines = createTextLines({ maxLength: maxLine })
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    try {
      for (const line of lines.push(text)) take(line)
    } catch (cause) {
      events.fail(AppError.from(cause))
      child.kill('SIGKILL')
    }
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-keptOutput)
    hooks.onOutput(text.trimEnd())
  })
  // Writing to a runner that has just ended is reported by its end, not by the pipe.
  child.stdin?.on('error', () => undefined)
  child.once('error', (cause) => events.fail(notStarted(command, cause)))
  const ended = new Promise<void>((resolve) => {
    child.once('close', (code, signal) => {
      const how = signal === null ? `with code ${code}` : `by ${signal}`
      events.fail(crashed(`The runner ended ${how}.`, errors))
      resolve()
    })
    child.once('error', () => resolve())
  })

  return {
    get unknownEvents() {
      return unknownEvents
    },
    send: (request) => void child.stdin?.write(`${JSON.stringify(request)}\n`),
    async until(wanted, withinMs) {
      const deadline = setTimeout(() => {
        const seconds = Math.round(withinMs / 1000)
        events.fail(crashed(`The runner printed nothing for ${seconds} s.`, errors))
        child.kill('SIGKILL')
      }, withinMs)
      try {
        return await events.until(wanted)
      } finally {
        clearTimeout(deadline)
      }
    },
    async stop(graceMs = 3_000) {
      if (child.exitCode === null && child.signalCode === null) {
        child.stdin?.end(`${JSON.stringify({ do: 'stop' })}\n`)
        const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
        await ended
        clearTimeout(timer)
      }
    }
  }
}

function optionsOf({ env, cwd }: RunnerCommand): SpawnOptions {
  return {
    stdio: ['pipe', 'pipe', 'pipe'],
    windowsHide: true,
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd })
  }
}

/** Events in their order, and the failure after which none come. */
function createEventQueue() {
  const waiting: RunnerEvent[] = []
  let wake: (() => void) | undefined
  let failure: AppError | undefined
  return {
    push(event: RunnerEvent): void {
      waiting.push(event)
      wake?.()
    },
    /** The first failure counts; what came before it is still read. */
    fail(error: AppError): void {
      failure ??= error
      wake?.()
    },
    /** Waits for an event that `wanted` returns something for; those before it are dropped. @throws the failure */
    async until<T>(wanted: (event: RunnerEvent) => T | undefined): Promise<T> {
      try {
        for (;;) {
          for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) {
            const found = wanted(event)
            if (found !== undefined) return found
            // An error of no step is the runner's own end.
            if (event.event === 'error' && event.id === undefined) throw gaveUp(event.message)
          }
          if (failure !== undefined) throw failure
          await new Promise<void>((resolve) => (wake = resolve))
        }
      } finally {
        wake = undefined
      }
    }
  }
}

function crashed(message: string, errors: string): AppError {
  return new AppError(
    'job.crashed',
    `${message}${errors.trim() === '' ? '' : ` The end of its stderr: ${errors.trim().slice(-400)}`}`,
    'Resume the run: finished steps are kept. If it happens again, try fewer samples or a smaller batch.'
  )
}

/** The runner's own words already say what it takes. */
function gaveUp(message: string): AppError {
  return new AppError(
    'job.crashed',
    message,
    'This is what the runner reported when it gave up. Finished steps are kept: the run can be resumed.'
  )
}

function notStarted({ file }: RunnerCommand, cause: Error): AppError {
  return new AppError(
    'tool.failed',
    `The runner ${file} could not be started: ${cause.message}.`,
    'Give the program and its arguments after "--", as they would be typed in a terminal.',
    { cause }
  )
}
