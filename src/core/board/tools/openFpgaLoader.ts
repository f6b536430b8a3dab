import type { AppError } from '@shared/errors'
import { causeWhere, explainTool, type FindCause } from './toolCauses'
import type { ToolOutput, ToolProgress } from './toolOutput'
import { noCableHint, usbPermissionHint } from './usbHints'

/**
 * openFPGALoader's output, as version 0.10 prints it: a progress bar redrawn with carriage returns
 * (`Flash SRAM: [=====   ] 45.00%`), steps that end in DONE, FAIL or Done, and errors on stderr.
 */
const bar = /^(.*?):?\s*\[[=\s>-]*\]\s*(\d+(?:\.\d+)?)%/
/** Words after which nothing good follows, whatever the exit status says. */
const fatal =
  /^(?:error\b|fail\b|can't |connection error|receive error|jtag init failed|unable to|.*\bfail(?:ed|ure)?\b)/i

/** Reads openFPGALoader's lines: progress 0..1, and whether the load was complete. */
export function createOpenFpgaLoaderOutput(): ToolOutput {
  const lines: string[] = []
  let isComplete = false
  return {
    line(text): ToolProgress | null {
      const found = bar.exec(text)
      if (found !== null) {
        const fraction = Math.min(1, Number(found[2]) / 100)
        if (fraction === 1) isComplete = true
        return { fraction, note: found[1].trim().toLowerCase() }
      }
      lines.push(text)
      if (/^done$/i.test(text.trim())) isComplete = true
      return null
    },
    failure(exitCode) {
      const words = lines.filter((line) => fatal.test(line.trim()) || /\bFAIL\b/.test(line))
      if (exitCode === 0 && words.length === 0 && isComplete) return null
      return explain(lines, exitCode)
    }
  }
}

/** Known causes by their text, the most specific first. */
const causes: readonly FindCause[] = [
  ({ text }) => {
    const idcode = /unknown device with idcode: (0x[0-9a-f]+)/i.exec(text)
    if (idcode === null) return null
    return [
      'board.wrongBoard',
      `The chip on the cable has IDCODE ${idcode[1]}, which openFPGALoader does not know.`,
      'Check that the right cable is chosen and that the JTAG chain holds one supported FPGA.'
    ]
  },
  ({ text }) => {
    const board =
      /cannot find board '([^']*)'/i.exec(text)?.[1] ?? /^error : (\S+) not found/im.exec(text)?.[1]
    if (board === undefined) return null
    return [
      'input.invalid',
      `openFPGALoader knows no board or cable named ${board}.`,
      'Choose one of the names that it lists (bitbench board tools).'
    ]
  },
  causeWhere(
    /ftdi device: -[45]\b|usb_open|claim|LIBUSB_ERROR_ACCESS|permission denied/i,
    'board.permission',
    'The cable is there, but this user may not use it.',
    usbPermissionHint
  ),
  causeWhere(
    /device not found|no (?:usb )?device|unable to open ftdi|not found .*cable/i,
    'board.notFound',
    'openFPGALoader found no such cable on USB.',
    noCableHint
  ),
  causeWhere(
    /connection (?:error|failure)/i,
    'board.notFound',
    'No virtual cable server replies at this address.',
    'Start the XVC server, and check host, port and firewall.'
  ),
  causeWhere(
    ({ text, exitCode }) =>
      /receive error|send error/i.test(text) || (exitCode === null && !text.includes('Done')),
    'board.disconnected',
    'The cable went away while the bitstream was written.',
    'Plug it in again and repeat; the FPGA is without a design until then.'
  ),
  causeWhere(
    /missing device-package/i,
    'input.invalid',
    'Writing this flash needs the exact FPGA part (family, size and package).',
    'Give it as openFPGALoader writes it, e.g. xc7a35tcsg324, or choose the board by its name.'
  ),
  causeWhere(
    ({ text, lines }) => lines.some((line) => /^open file(?!.*done)/i.test(line)) && /fail/i.test(text),
    'input.notFound',
    'openFPGALoader could not open the bitstream.',
    'Check the path and its permissions.'
  ),
  causeWhere(
    /parse file[\s\S]*(?:fail|error)|basic_string|unsupported (?:file|format)|incorrect|wrong/i,
    'input.invalid',
    'openFPGALoader does not understand this file as a bitstream for the device.',
    'Choose the file that the FPGA tools wrote for this device (.bit, .fs, .bin, .svf, .rbf, ...), undamaged.'
  ),
  causeWhere(
    ({ text }) => /verif|crc/i.test(text) && /fail|mismatch|error/i.test(text),
    'board.crcMismatch',
    'What was read back from the device differs from the bitstream.',
    'Write it again at a lower JTAG frequency; if it happens again, check cable and supply.'
  )
]

function explain(lines: readonly string[], exitCode: number | null): AppError {
  return explainTool(causes, lines, exitCode, () => {
    const last = lines.filter((line) => line.trim() !== '').at(-1) ?? 'it printed nothing'
    return `openFPGALoader ended ${exitCode === null ? 'by a signal' : `with status ${exitCode}`}: ${last.trim()}.`
  })
}

/** A device that `--detect` found in the JTAG chain. */
export interface DetectedFpga {
  idcode: number
  manufacturer: string
  family: string
  model: string
}

/** Reads `openFPGALoader --detect`: one block of `key value` lines per device, opened by `index N:`. */
export function parseDetect(output: string): DetectedFpga[] {
  return output
    .split(/^index \d+:/m)
    .slice(1)
    .map((block) => {
      const value = (key: string): string =>
        new RegExp(`^\\s*${key}\\s+(.*?)\\s*$`, 'm').exec(block)?.[1] ?? ''
      return {
        idcode: Number(value('idcode')) || 0,
        manufacturer: value('manufacturer'),
        family: value('family'),
        model: value('model')
      }
    })
}

/** Reads the two-column tables of `--list-boards` and `--list-cables`; the first line is their head. */
export function parseNameTable(output: string): { name: string; value: string }[] {
  return output
    .split('\n')
    .slice(1)
    .map((line) => /^(\S+)\s*(.*?)\s*$/.exec(line))
    .filter((found) => found !== null)
    .map((found) => ({ name: found[1], value: found[2] }))
}
