import { AppError } from '@shared/errors'
import { formatHex32 } from '@shared/units'
import type { MiRecord } from './gdbMi'
import type { ToolProgress } from './toolOutput'

/** Progress of `-target-download`: `+download,{section=".text",section-sent="2032",…,total-sent="2032",…}`. */
export function downloadProgress(record: MiRecord, totalBytes: number): ToolProgress | null {
  if (record.kind !== 'async' || record.class !== 'download') return null
  const sent = Number(record.values['total-sent'] ?? Number.NaN)
  if (Number.isNaN(sent)) return null
  // GDB's own total counts sections that are never sent (debug information), so the caller's is taken.
  const section = String(record.values['section'] ?? '')
  return { fraction: Math.min(1, sent / Math.max(1, totalBytes)), note: `writing ${section}` }
}

/** A section that gdb's `compare-sections` read back; addresses [from, to). */
export interface ComparedSection {
  section: string
  from: number
  to: number
  matched: boolean
}

/** Reads the text of `compare-sections`. */
export function parseCompareSections(text: string): ComparedSection[] {
  const line = /^Section (\S+), range (0x[0-9a-f]+) -- (0x[0-9a-f]+): (matched|MIS-MATCHED)/gm
  return [...text.matchAll(line)].map((found) => ({
    section: found[1],
    from: Number(found[2]),
    to: Number(found[3]),
    matched: found[4] === 'matched'
  }))
}

/** Step of a load through gdb, in order. */
export type GdbStep = 'file' | 'connect' | 'write' | 'verify' | 'start'

/** GDB's message at one step of a load as a named error. */
export function explainGdb(step: GdbStep, message: string, server: string): AppError {
  const details = { step, output: message }
  const error = (code: ConstructorParameters<typeof AppError>[0], text: string, hint: string): AppError =>
    new AppError(code, text, hint, { details })
  if (step === 'file') {
    return error(
      'input.invalid',
      `GDB cannot use the program: ${message}`,
      'Choose a linked RISC-V ELF file, or a flat binary with its address.'
    )
  }
  if (/xlen|architecture .*(?:incompatible|does not match)|bfd requires/i.test(message)) {
    return error(
      'board.wrongBoard',
      `The program is for another core than the one at ${server}: ${message}`,
      'Build it for the width (32 or 64 bit) of this core.'
    )
  }
  if (
    /connection refused|connection timed out|cannot resolve|no such file|no route|timed out/i.test(message)
  ) {
    return error(
      'board.notFound',
      `No GDB server replies at ${server} (${message.replace(/\.$/, '')}).`,
      'Start it first (OpenOCD listens on 3333, QEMU with -gdb tcp::PORT), and check host and port.'
    )
  }
  if (
    /remote (?:connection|communication|failure)|connection (?:closed|reset)|broken pipe|not supported by/i.test(
      message
    )
  ) {
    return error(
      'board.disconnected',
      `The GDB server at ${server} stopped responding: ${message}`,
      'Look at the server: its own log says why. Reset the board and repeat.'
    )
  }
  if (/cannot access memory|error writing|load failed|failed to write/i.test(message)) {
    const address = /0x[0-9a-f]+/.exec(message)?.[0]
    return error(
      'board.addressRange',
      `The board has no memory it can write at ${address ?? 'this address'}: ${message}`,
      'Link the program for RAM that the board has; DRAM must have been set up by a boot loader first.'
    )
  }
  return error('tool.failed', `GDB failed (${step}): ${message}`, 'The message is GDB’s own.')
}

/** Sections that do not hold what was written. @throws AppError board.crcMismatch when there are any */
export function checkCompared(sections: readonly ComparedSection[]): void {
  const wrong = sections.filter(({ matched }) => !matched)
  if (wrong.length === 0) return
  const ranges = wrong
    .map(({ section, from, to }) => `${section} (${formatHex32(from)} to ${formatHex32(to)})`)
    .join(', ')
  throw new AppError(
    'board.crcMismatch',
    `After writing, the memory differs from the program in ${ranges}.`,
    'Most likely there is no RAM at this address: compare it with the board’s memory map.',
    { details: { sections: wrong } }
  )
}
