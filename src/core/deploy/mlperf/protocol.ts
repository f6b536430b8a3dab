import { AppError } from '../../../shared/errors'

/** The line that ends every reply of a device. */
export const readyLine = 'm-ready'

/** Bytes of one `db` command: what MLCommons' own runner sends, since a command may have 80 characters. */
const bytesPerCommand = 31

/** Commands (without their `%`) that load the bytes of one input into the device. */
export function loadCommands(bytes: Uint8Array): string[] {
  const commands = [`db load ${bytes.length}`]
  for (let at = 0; at < bytes.length; at += bytesPerCommand) {
    const part = bytes.subarray(at, at + bytesPerCommand)
    commands.push(`db ${Array.from(part, (byte) => byte.toString(16).padStart(2, '0')).join('')}`)
  }
  return commands
}

/** What a device printed about its inferences. */
export interface InferReply {
  /** Time of all measured inferences together by the device's clock, µs. */
  readonly elapsedUs: number
  /** Outputs of the last one. */
  readonly results: readonly number[]
}

/**
 * Reads the lines that `infer` printed.
 *
 * @throws board.protocol when there are not two times and one result, or numbers that are none
 */
export function readInfer(lines: readonly string[]): InferReply {
  const laps = lines.flatMap((line) => /^m-lap-us-(\d+)$/.exec(line)?.[1] ?? []).map(Number)
  const results = lines
    .flatMap((line) => /^m-results-\[([^\]]+)\]$/.exec(line)?.[1] ?? [])
    .map((text) => text.split(',').map(Number))
  const [begin, end] = laps
  const [last] = results
  if (laps.length !== 2 || begin === undefined || end === undefined || last === undefined)
    throw unexpected('infer', lines, 'two lines m-lap-us and one m-results')
  if (end < begin || last.some((value) => !Number.isFinite(value)))
    throw unexpected('infer', lines, 'times that grow and numbers as results')
  return { elapsedUs: end - begin, results: last }
}

/** Checks the reply to a command. @throws board.protocol with the device's own words when a reply holds a line `e-[…]` */
export function requireNoError(command: string, lines: readonly string[]): void {
  const error = lines.find((line) => line.startsWith('e-['))
  if (error === undefined) return
  throw new AppError(
    'board.protocol',
    `The device refused "${command.slice(0, 40)}": ${error.slice(3, -1)}.`,
    'See docs/mlperf-tiny.md for the commands and the size of an input.'
  )
}

function unexpected(command: string, lines: readonly string[], wanted: string): AppError {
  return new AppError(
    'board.protocol',
    `The device's reply to "${command}" lacks ${wanted}: ${lines.join(' | ').slice(0, 200) || 'nothing'}.`,
    'Check that the program on the board is one of MLPerf Tiny (docs/mlperf-tiny.md).'
  )
}
