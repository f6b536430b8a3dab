import { getDefaultHighWaterMark, setDefaultHighWaterMark } from 'node:stream'
import { createSmiParser, type SmiParsed, type SmiRow } from '../../../core/gpu/parseSmi'
import { explainSmi, type SmiTrouble } from '../../../core/gpu/smiTrouble'
import { spawnSmi, type SmiCommand, type Spawn } from './smiProcess'

/** How one nvidia-smi ended. */
export interface SmiEnd {
  /** Rows it printed. */
  rows: number
  /** It ran on without printing and was killed. */
  isHung: boolean
  /** Why it could not be started. */
  startError: Error | undefined
  /** What its exit code and its other lines mean. */
  trouble: SmiTrouble
}

/** One nvidia-smi that prints readings. */
export interface SmiReadings {
  /** Ends it, by force where it does not end by itself. */
  end(): void
}

/** Query and listeners of one nvidia-smi. */
export interface SmiReadingsOptions {
  smi: SmiCommand
  spawn: Spawn
  args: readonly string[]
  /** Fields in the order of the query. */
  fields: readonly string[]
  intervalMs: number
  /** Steady clock, ms: never runs backwards. */
  nowMs: () => number
  onRows(rows: SmiRow[], arrivedMs: number): void
  /** Lines behind the first row that are no rows. */
  onMalformed(lines: number): void
  /** Called once, when its pipe is drained: every row was handed on before. */
  onEnd(end: SmiEnd): void
}

/** Without a row for this long, nvidia-smi hangs: many intervals, and never less than its slow start takes. */
const silentMs = (intervalMs: number): number => Math.max(10 * intervalMs, 5_000)
/** The first row may take longer: without persistence mode the driver initialises the GPU first. */
const firstRowMs = 20_000
/** How long a killed process may keep its pipe open (a child of its own holds it) before the pipe is closed here. */
const closeGraceMs = 2_000
/**
 * The pipe is read some times a second and not for every row: waking up for each costs more than reading it. Rows keep
 * their own time stamps; those of the first seconds are read at once, so that the offset of the two clocks is known. The
 * period is no multiple of usual intervals: the least delay of many readings stays that of a fresh row.
 */
const readEveryMs = 97
const readAtOnceMs = 2_000
/** Lines that are no rows are kept up to this number, to explain the end. */
const maxStrays = 8

/** Starts nvidia-smi and reads its rows until it ends; one that falls silent is killed. */
export function startSmiReadings(options: SmiReadingsOptions): SmiReadings {
  const { intervalMs, nowMs } = options
  const parser = createSmiParser(options.fields)
  const strays: string[] = []
  let rows = 0
  let isHung = false
  let startError: Error | undefined
  const running = withoutReadAhead(() => spawnSmi(options.spawn, options.smi, [...options.args]))

  const closePipes = (): void => {
    running.stdout?.destroy()
    running.stderr?.destroy()
  }
  const onSilence = (): void => {
    isHung = true
    running.kill('SIGKILL')
    setTimeout(closePipes, closeGraceMs).unref()
  }
  let watchdog = setTimeout(onSilence, Math.max(firstRowMs, silentMs(intervalMs)))

  const take = (parsed: SmiParsed, arrivedMs: number): void => {
    if (rows > 0 && parsed.stray.length > 0) options.onMalformed(parsed.stray.length)
    strays.push(...parsed.stray.slice(0, maxStrays - strays.length))
    if (parsed.rows.length === 0) return
    clearTimeout(watchdog)
    if (!isHung) watchdog = setTimeout(onSilence, silentMs(intervalMs))
    if (rows === 0) pipe.slowDownLater()
    rows += parsed.rows.length
    options.onRows(parsed.rows, arrivedMs)
  }

  let isOver = false
  const ended = (exitCode: number | null): void => {
    if (isOver) return
    isOver = true
    pipe.stop()
    clearTimeout(watchdog)
    take(parser.end(), nowMs())
    options.onEnd({ rows, isHung, startError, trouble: explainSmi(exitCode, strays.join('\n')) })
  }
  const pipe = readPaced(running, intervalMs, (text) => take(parser.push(text), nowMs()))
  running.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (strays.length < maxStrays) strays.push(text)
  })
  // Most processes that could not be started close too, but not all of them (out of file handles).
  running.once('error', (cause) => {
    startError = cause
    if (running.pid === undefined) ended(null)
  })
  running.once('close', ended)

  return {
    end() {
      running.kill('SIGTERM')
      const timer = setTimeout(() => {
        running.kill('SIGKILL')
        closePipes()
      }, closeGraceMs)
      running.once('close', () => clearTimeout(timer))
    }
  }
}

/**
 * Starts a process of whose pipes one chunk at most is read before something takes it. With the usual buffer of 64 KiB a
 * paused pipe is read on until that is full, and each row wakes this process up.
 */
function withoutReadAhead<T>(start: () => T): T {
  const usual = getDefaultHighWaterMark(false)
  setDefaultHighWaterMark(false, 1)
  try {
    return start()
  } finally {
    setDefaultHighWaterMark(false, usual)
  }
}

/** Reads what a process prints: at once in the beginning, then some times a second, all of it after its exit. */
function readPaced(
  running: ReturnType<typeof spawnSmi>,
  intervalMs: number,
  onText: (text: string) => void
): { slowDownLater(): void; stop(): void } {
  const { stdout } = running
  let slowDown: NodeJS.Timeout | undefined
  let reader: NodeJS.Timeout | undefined
  let hasExited = false
  stdout?.setEncoding('utf8').on('data', onText)
  const readTogether = (): void => {
    if (stdout === null || hasExited || intervalMs >= readEveryMs) return
    stdout.pause()
    reader = setInterval(() => {
      // The first row since the last time is here already; taking it has the pipe read, and the rest comes right after.
      stdout.read()
      setImmediate(() => void stdout.read())
    }, readEveryMs)
  }
  // A paused pipe would never end.
  running.once('exit', () => {
    hasExited = true
    clearInterval(reader)
    stdout?.resume()
  })
  return {
    slowDownLater: () => void (slowDown = setTimeout(readTogether, readAtOnceMs)),
    stop() {
      clearTimeout(slowDown)
      clearInterval(reader)
    }
  }
}
