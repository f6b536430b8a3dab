import { AppError } from '@shared/errors'
import { isElf } from '../../binary/elf'

/** What the head of a bitstream file says. */
export interface BitstreamInfo {
  format: string
  /** The FPGA it was made for, as its maker writes it (`7a35tcsg324`); null where the format does not say. */
  part: string | null
  sizeBytes: number
}

/** File name endings that openFPGALoader reads. */
const formats = [
  'bit',
  'bin',
  'fs',
  'svf',
  'rbf',
  'rpd',
  'jed',
  'fea',
  'mcs',
  'hex',
  'cfg',
  'pof',
  'dfu'
] as const
/** Field `a` of a Xilinx .bit file starts after this head (UG380 and long practice). */
const xilinxHeadBytes = 13

/**
 * Looks at a bitstream before a cable is touched.
 * @throws AppError input.invalid for an empty file, a program instead of a bitstream, or an unknown ending
 */
export function inspectBitstream(name: string, bytes: Uint8Array): BitstreamInfo {
  const format = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''
  if (bytes.length === 0) {
    throw new AppError('input.invalid', `${name} is empty.`, 'Choose the file that the FPGA tools wrote.')
  }
  if (isElf(bytes)) {
    throw new AppError(
      'input.invalid',
      `${name} is a program (ELF), not a bitstream.`,
      'Load it with a boot loader or a debug probe; a bitstream configures the FPGA itself.'
    )
  }
  if (!(formats as readonly string[]).includes(format)) {
    throw new AppError(
      'input.invalid',
      `${name} does not end like a bitstream.`,
      `openFPGALoader goes by the ending: ${formats.map((ending) => `.${ending}`).join(', ')}.`
    )
  }
  return { format, part: format === 'bit' ? xilinxPart(bytes) : null, sizeBytes: bytes.length }
}

/** Fields a (design), b (part), c (date), d (time) of a Xilinx .bit file: a letter, a big-endian length, a C string. */
function xilinxPart(bytes: Uint8Array): string | null {
  for (let at = xilinxHeadBytes; at + 3 <= bytes.length;) {
    const letter = String.fromCharCode(bytes[at])
    const length = (bytes[at + 1] << 8) | bytes[at + 2]
    if (!/[a-d]/.test(letter) || at + 3 + length > bytes.length) return null
    if (letter === 'b') {
      return String.fromCharCode(...bytes.subarray(at + 3, at + 3 + length)).replace(/\0.*$/, '')
    }
    at += 3 + length
  }
  return null
}

/**
 * Whether a bitstream made for `part` belongs on a device of `model`; null when one of them is not a Xilinx name that
 * can be compared. Family and size must agree: a design for an XC7A100T does nothing good on an XC7A35T, and
 * openFPGALoader writes it all the same.
 */
export function fitsDevice(part: string, model: string): boolean | null {
  const wanted = dieOf(part)
  const found = dieOf(model)
  return wanted === null || found === null ? null : wanted === found
}

/** `7a35` of `xc7a35tcsg324`, `7a35tcsg324` or `xc7a35`: family and size without speed and package. */
function dieOf(name: string): string | null {
  return /^(?:xc)?([3-7][a-z]{1,2}\d+)/.exec(name.trim().toLowerCase())?.[1] ?? null
}
