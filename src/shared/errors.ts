/**
 * The one error type that crosses every boundary of Bitbench: core, services, workers, IPC, HTTP, CLI.
 *
 * `message` says what happened, `hint` what to do now. The list of codes is closed so that views can switch on
 * it; add a code here before throwing it. Transports serialise with `toJSON` and revive with `AppError.from`.
 */
export const errorCodes = [
  'internal',
  'input.invalid',
  'input.notFound',
  'input.unsupported',
  'job.notFound',
  'job.cancelled',
  'job.crashed',
  'job.notResumable',
  'run.busy',
  'queue.invalid',
  'queue.unreachable',
  'queue.denied',
  'queue.unsafe',
  'queue.inputMissing',
  'queue.tooLarge',
  'remote.unreachable',
  'remote.lost',
  'remote.version',
  'lab.unreachable',
  'lab.refused',
  'store.locked',
  'store.corrupt',
  'store.failed',
  'store.exportFailed',
  'session.invalid',
  'session.newer',
  'host.unauthorised',
  'host.unknownCommand',
  'host.disconnected',
  'host.timeout',
  'board.notFound',
  'board.notConnected',
  'board.busy',
  'board.permission',
  'board.timeout',
  'board.disconnected',
  'board.notMonitor',
  'board.protocol',
  'board.refused',
  'board.crcMismatch',
  'board.addressRange',
  'board.outOfMemory',
  'board.unsupportedKernel',
  'board.wrongBoard',
  'board.faulted',
  'loader.noPrompt',
  'loader.rejected',
  'loader.cancelled',
  'tool.missing',
  'tool.failed',
  'model.invalid',
  'model.unsupportedOperator',
  'model.unsupportedShape',
  'scheme.invalid',
  'data.missing',
  'data.invalid',
  'proxy.tooFewSamples',
  'proxy.invalid',
  'proxy.kernelMissing',
  'search.invalid',
  'deploy.outOfMemory',
  'deploy.mismatch',
  'deploy.noPlan',
  'gpu.noDriver',
  'gpu.samplerDied',
  'gpu.unparsable',
  'energy.tooShort',
  'energy.counterDisagrees',
  'energy.throttled',
  'energy.implausible',
  'energy.noRecording',
  'meter.silent',
  'meter.unreadable',
  'meter.disconnected'
] as const

/** Code of an error that a user can see. */
export type ErrorCode = (typeof errorCodes)[number]

/** An AppError on the wire. */
export interface AppErrorJson {
  code: ErrorCode
  message: string
  hint: string
  details?: Record<string, unknown>
}

const knownCodes: ReadonlySet<string> = new Set(errorCodes)

/** An error that a user can do something about: code, message, hint. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly hint: string
  readonly details?: Record<string, unknown>

  constructor(
    code: ErrorCode,
    message: string,
    hint: string,
    options: { details?: Record<string, unknown>; cause?: unknown } = {}
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.hint = hint
    if (options.details !== undefined) this.details = options.details
  }

  toJSON(): AppErrorJson {
    const json: AppErrorJson = { code: this.code, message: this.message, hint: this.hint }
    if (this.details !== undefined) json.details = this.details
    return json
  }

  /** Revives any thrown or deserialised value; what is not an AppError becomes `internal` and keeps its cause. */
  static from(value: unknown): AppError {
    if (value instanceof AppError) return value
    if (isAppErrorJson(value)) {
      return new AppError(value.code, value.message, value.hint, {
        ...(value.details === undefined ? {} : { details: value.details })
      })
    }
    const message = value instanceof Error ? value.message : String(value)
    if (isDiskFull(message)) {
      return new AppError(
        'store.failed',
        `There is no space left on the disk: ${message}`,
        'Free disk space and try again. What was stored before is kept.',
        { cause: value }
      )
    }
    return new AppError('internal', message, 'This is a fault in Bitbench; report it with the log file.', {
      cause: value
    })
  }
}

/** Whether a value is an AppError on the wire. */
export function isAppErrorJson(value: unknown): value is AppErrorJson {
  if (typeof value !== 'object' || value === null) return false
  const candidate = value as Record<string, unknown>
  return (
    typeof candidate['code'] === 'string' &&
    knownCodes.has(candidate['code']) &&
    typeof candidate['message'] === 'string' &&
    typeof candidate['hint'] === 'string'
  )
}

/** Whether the text of an operating system's error says that a disk or a quota is full. */
export function isDiskFull(message: string): boolean {
  return /no space left|ENOSPC|disk quota|EDQUOT/i.test(message)
}
