import { AppError } from '../../shared/errors'
import { readOwner } from './ownerFile'

/** Translates what DuckDB said when the file was opened. */
export function openError(dataFile: string, cause: unknown): AppError {
  const text = cause instanceof Error ? cause.message : String(cause)
  if (/could not set lock/i.test(text)) {
    const pidText = /PID (\d+)/.exec(text)?.[1]
    const pid = pidText === undefined ? null : Number(pidText)
    const owner = readOwner(dataFile, pid)
    const who = owner?.what ?? 'another process'
    const at = owner?.where == null ? '' : ` at ${owner.where}`
    return new AppError(
      'store.locked',
      `The data file ${dataFile} is in use by ${who}${at}${pid === null ? '' : ` (process ${pid})`}.`,
      owner?.where == null
        ? 'Close the other Bitbench, or give this one a data folder of its own with --data FOLDER.'
        : `Use it at ${owner.where}, close it, or give this one a data folder of its own with --data FOLDER.`,
      { cause, details: { pid, what: who, where: owner?.where ?? null } }
    )
  }
  if (/not a valid DuckDB|corrupt|checksum|serializ/i.test(text)) {
    return new AppError(
      'store.corrupt',
      `The data file ${dataFile} cannot be read: ${firstLine(text)}`,
      'Move the file away (keep it) and start again; samples exported to CSV can be imported.',
      { cause }
    )
  }
  return new AppError(
    'store.failed',
    `The data file ${dataFile} cannot be opened: ${firstLine(text)}`,
    'Check that the data folder exists, can be written and has free space.',
    { cause }
  )
}

/** Translates a statement that failed. */
export function statementError(cause: unknown): AppError {
  if (cause instanceof AppError) return cause
  const text = cause instanceof Error ? cause.message : String(cause)
  if (/corrupt|checksum/i.test(text))
    return new AppError(
      'store.corrupt',
      `A part of the data file cannot be read: ${firstLine(text)}`,
      'Copy the data file to another disk, export what can be read, and check the disk.',
      { cause }
    )
  const isFull = /no space left|out of memory|disk/i.test(text)
  return new AppError(
    'store.failed',
    `The data store refused a statement: ${firstLine(text)}`,
    isFull
      ? 'Free disk space or memory and try again; nothing half-written is kept.'
      : 'Try again; if it happens again, report it with the log file.',
    { cause }
  )
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text
}
