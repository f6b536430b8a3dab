import type { AppError } from '@shared/errors'
import { causeWhere, explainTool, type FindCause } from './toolCauses'
import type { ToolOutput, ToolProgress } from './toolOutput'
import { noCableHint, usbPermissionHint } from './usbHints'

/**
 * OpenOCD's log, as version 0.12 prints it on stderr: `Info :`, `Warn :` and `Error:` lines, and plain lines of the
 * commands (`16384 bytes written at address 0x80000000`, `verified 45632 bytes in 2.5s`).
 */
export interface OpenOcdOutput extends ToolOutput {
  /** True once a verification ended well. */
  readonly isVerified: boolean
}

const written = /^(?:downloaded (\d+) bytes in|wrote (\d+) bytes from file)/
const verified = /^verified (\d+) bytes in/

/** @param totalBytes bytes that will be written; progress is reported as a share of them */
export function createOpenOcdOutput(totalBytes: number): OpenOcdOutput {
  const lines: string[] = []
  let doneBytes = 0
  let isVerified = false
  return {
    get isVerified() {
      return isVerified
    },
    line(text): ToolProgress | null {
      lines.push(text)
      const found = written.exec(text)
      if (found !== null) {
        doneBytes += Number(found[1] ?? found[2])
        return { fraction: Math.min(1, doneBytes / Math.max(1, totalBytes)), note: 'writing' }
      }
      if (verified.test(text)) {
        isVerified = true
        return { fraction: 1, note: 'verified' }
      }
      return null
    },
    failure: (exitCode) => {
      const text = lines.join('\n')
      // On an ID mismatch OpenOCD only warns, continues, and exits with 0.
      if (exitCode === 0 && !/UNEXPECTED:|scan chain interrogation failed/.test(text)) return null
      return explain(lines, exitCode)
    }
  }
}

/** What the log says of a failure, the most telling first. */
const causes: readonly FindCause[] = [
  ({ text }) => {
    const file = /Can't find (\S+)/.exec(text)?.[1]
    if (file === undefined) return null
    return [
      'input.notFound',
      `OpenOCD has no configuration ${file}.`,
      'Choose one of the scripts that it brings (board/…, interface/…, target/…) or give the full path of your own.'
    ]
  },
  causeWhere(
    /Debug Adapter has to be specified/,
    'input.invalid',
    'The configuration names no debug adapter.',
    'Choose a board script, or an interface script and a target script.'
  ),
  causeWhere(
    /LIBUSB_ERROR_ACCESS|permission denied/i,
    'board.permission',
    'The debug adapter is there, but this user may not use it.',
    usbPermissionHint
  ),
  ({ text }) => {
    const unexpected = /UNEXPECTED: (0x[0-9a-f]+)/.exec(text)?.[1]
    if (unexpected === undefined) return null
    const wanted = /expected \d+ of \d+: (0x[0-9a-f]+)/.exec(text)?.[1] ?? 'another'
    return [
      'board.wrongBoard',
      `The chip has IDCODE ${unexpected}; the configuration is for ${wanted}.`,
      'Choose the configuration of this board; nothing was written.'
    ]
  },
  // Without any bank the command does not exist: OpenOCD lists those that do.
  causeWhere(
    /no flash bank found for address|^\s*flash bank bank_id/im,
    'board.addressRange',
    'The configuration knows no flash where this program belongs.',
    'Choose the target script of this chip, or write into memory.'
  ),
  causeWhere(
    /interrogation failed|all ones|all zeroes/i,
    'board.notFound',
    'The debug adapter works, but no chip replies behind it.',
    'Check power, the JTAG wires and their ground, and lower the adapter speed.'
  ),
  causeWhere(
    /Failed to connect|Connection refused/i,
    'board.notFound',
    'No server listens at the address that the configuration names.',
    'Start the other side first, and check host and port.'
  ),
  ({ text }) => {
    if (!/checksum mismatch|^diff \d+ address/m.test(text)) return null
    const first = /^diff 0 address (0x[0-9a-f]+)\. Was (0x[0-9a-f]+) instead of (0x[0-9a-f]+)/m.exec(text)
    return [
      'board.crcMismatch',
      first === null
        ? 'The memory does not hold what was written.'
        : `The memory does not hold what was written: ${first[2]} instead of ${first[3]} at ${first[1]}.`,
      'Is there RAM at this address, and is it set up (a boot loader does that for DRAM)? Then lower the adapter speed.'
    ]
  },
  ({ text }) => {
    const address = /Failed to (?:write|read) memory \(addr=(0x[0-9a-f]+)\)/.exec(text)?.[1]
    if (address === undefined) return null
    return [
      'board.addressRange',
      `The board has no memory it can reach at ${address}.`,
      'Link the program for RAM that the board has; DRAM must have been set up by a boot loader first.'
    ]
  },
  causeWhere(
    /^Error: (?:no device found|no .* found|unable to (?:open|find)|.*open failed|couldn't find)/im,
    'board.notFound',
    'OpenOCD found no such debug adapter on USB.',
    noCableHint
  ),
  causeWhere(
    /couldn't open|invalid ELF/i,
    'input.invalid',
    'OpenOCD cannot read the program.',
    'Choose a linked RISC-V ELF file.'
  ),
  causeWhere(
    /timed? ?out|unable to halt|not halted/i,
    'board.timeout',
    'The core could not be halted.',
    'Reset the board and repeat, or choose to reset it first.'
  )
]

function explain(lines: readonly string[], exitCode: number | null): AppError {
  return explainTool(causes, lines, exitCode, () => {
    const last = [...lines]
      .reverse()
      .find((line) => /^(?:.*: )?Error:|^invalid/i.test(line) && !/Error:\s*$/.test(line))
    const ended = exitCode === null ? 'ended by a signal' : `ended with status ${exitCode}`
    return `OpenOCD ${ended}: ${(last ?? lines.filter((line) => line.trim() !== '').at(-1) ?? 'it printed nothing').replace(/^.*?Error:\s*/, '').trim()}.`
  })
}
