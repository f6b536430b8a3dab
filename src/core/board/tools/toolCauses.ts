import { AppError, type ErrorCode } from '@shared/errors'
import { lastLines } from './toolOutput'

/** All that a program printed, and how it ended; exitCode null: by a signal. */
export interface ToolLog {
  readonly text: string
  readonly lines: readonly string[]
  readonly exitCode: number | null
}

/** Why a program failed. */
export type ToolCause = readonly [code: ErrorCode, message: string, hint: string]

/** Looks for one known cause; returns null where its words are not in the log. */
export type FindCause = (log: ToolLog) => ToolCause | null

/** A cause that is the same wherever a log has its words. */
export function causeWhere(fits: RegExp | ((log: ToolLog) => boolean), ...cause: ToolCause): FindCause {
  const isIt = fits instanceof RegExp ? ({ text }: ToolLog): boolean => fits.test(text) : fits
  return (log) => (isIt(log) ? cause : null)
}

/**
 * The first of the causes that is found, else tool.failed; the end of the output stands in the details.
 *
 * @param otherwise message where no cause is found
 */
export function explainTool(
  causes: readonly FindCause[],
  lines: readonly string[],
  exitCode: number | null,
  otherwise: () => string
): AppError {
  const log: ToolLog = { text: lines.join('\n'), lines, exitCode }
  const details = { exitCode, output: lastLines(lines) }
  for (const find of causes) {
    const cause = find(log)
    if (cause !== null) return new AppError(...cause, { details })
  }
  return new AppError('tool.failed', otherwise(), 'The whole output stands in the details.', { details })
}
