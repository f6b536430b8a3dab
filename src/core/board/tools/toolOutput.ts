import type { AppError } from '@shared/errors'

/** How far a program says it is. Bytes where it counts them, else parts of a hundred. */
export interface ToolProgress {
  /** 0 to 1. */
  fraction: number
  /** What it does now, in its own or plain words. */
  note: string
}

/** What one parser makes of one program's output, line by line. */
export interface ToolOutput {
  /** Takes one line; returns the progress that it reports, if any. */
  line(text: string): ToolProgress | null
  /**
   * Judges the run by everything that was printed: the exit status alone is not enough, because some of these programs
   * end with 0 after a failure. Null when all is well.
   *
   * @param exitCode null when a signal ended it
   */
  failure(exitCode: number | null): AppError | null
}

/** Lines kept for an error's details. */
export const maxKeptLines = 30

/** The last lines of a program, for a person who has to find out why. */
export function lastLines(lines: readonly string[]): string {
  return lines
    .filter((line) => line.trim() !== '')
    .slice(-maxKeptLines)
    .join('\n')
}
