import type { spawn as nodeSpawn } from 'node:child_process'
import { createTextLines } from '../../../core/text/lines'
import { AppError } from '../../../shared/errors'

/** A tool to run, its limits and what it prints. */
export interface ToolOptions {
  spawn: typeof nodeSpawn
  program: string
  args: readonly string[]
  /** Folder it runs in; absent: that of this process. */
  cwd?: string
  /** Every line of stdout and stderr as it comes. */
  onLine: (text: string) => void
  signal: AbortSignal
  /** The longest it may say nothing. */
  silenceMs: number
  /** The longest it may take in all. */
  limitMs: number
}

/** A tool that runs. */
export interface ToolRun {
  /** To its stdin. */
  write(text: string): void
  /**
   * Its exit status, null when a signal ended it; when all its output was read.
   * Rejects with job.cancelled, board.timeout or tool.missing.
   */
  readonly ended: Promise<number | null>
  /** Ends it, if it has not ended. */
  stop(): Promise<void>
}

/** How long a program may take to end when asked to, before it is killed. */
const graceMs = 2_000

/** Starts a program with an argument array (never a shell), in English, and makes sure that it ends. */
export function startTool(options: ToolOptions): ToolRun {
  const { program, args, cwd, onLine, signal, silenceMs, limitMs } = options
  const child = options.spawn(program, [...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
    ...(cwd !== undefined && { cwd })
  })
  let reason: AppError | null = null
  let hasEnded = false
  let silence: NodeJS.Timeout | undefined
  let grace: NodeJS.Timeout | undefined

  const end = (why: AppError | null): void => {
    if (hasEnded) return
    reason ??= why
    child.kill('SIGTERM')
    grace ??= setTimeout(() => child.kill('SIGKILL'), graceMs)
  }
  const heard = (): void => {
    clearTimeout(silence)
    silence = setTimeout(() => end(tooLong(program, silenceMs, 'said nothing')), silenceMs)
  }
  const onAbort = (): void => end(cancelled(program))
  // A parent that ends must not leave a program behind that holds the cable.
  const onParentExit = (): void => void child.kill('SIGKILL')

  const readers = [child.stdout, child.stderr].map((stream) => {
    const lines = createTextLines({ maxLength: 16_384, carriageReturnEnds: true })
    const decoder = new TextDecoder()
    stream.on('data', (chunk: Buffer) => {
      heard()
      for (const line of lines.push(decoder.decode(chunk, { stream: true }))) onLine(line)
    })
    return lines
  })
  // A program that ended closes its stdin; an error of a write after that is ignored.
  child.stdin.on('error', () => undefined)

  const limit = setTimeout(() => end(tooLong(program, limitMs, 'ran')), limitMs)
  heard()
  process.once('exit', onParentExit)
  signal.addEventListener('abort', onAbort)

  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) => {
      reason ??= notStarted(program, cause)
      // Without a process there is no close event to wait for.
      if (child.pid === undefined) finish(null)
    })
    child.once('close', (code) => finish(code))
    const finish = (code: number | null): void => {
      hasEnded = true
      for (const timer of [silence, grace, limit]) clearTimeout(timer)
      process.off('exit', onParentExit)
      signal.removeEventListener('abort', onAbort)
      for (const line of readers.map((lines) => lines.rest())) if (line !== '') onLine(line)
      if (reason === null) resolve(code)
      else reject(reason)
    }
  })
  ended.catch(() => undefined)
  if (signal.aborted) onAbort()

  return {
    write: (text) => void child.stdin.write(text),
    ended,
    async stop() {
      end(null)
      await ended.catch(() => undefined)
    }
  }
}

/** The program's own name, without its folder. */
function nameOf(program: string): string {
  return program.replace(/^.*[\\/]/, '')
}

function tooLong(program: string, durationMs: number, what: string): AppError {
  return new AppError(
    'board.timeout',
    `${nameOf(program)} ${what} for ${Math.round(durationMs / 1000)} s and was ended.`,
    'Check cable and power, then repeat; unplug the cable if it hangs again.'
  )
}

function cancelled(program: string): AppError {
  return new AppError(
    'job.cancelled',
    `${nameOf(program)} was ended.`,
    'Repeat it: the board may be half written.'
  )
}

function notStarted(program: string, cause: Error): AppError {
  return new AppError(
    'tool.missing',
    `${program} cannot be started: ${cause.message}`,
    'Install it again, or check its permissions.',
    { cause }
  )
}
