import { AppError } from '@shared/errors'

/** One loadable piece of an ELF file: `data` goes to `address`, then zeros up to `memoryBytes`. */
export interface ElfSegment {
  /** Physical (load) address. */
  address: number
  data: Uint8Array
  memoryBytes: number
}

/** What an ELF file loads: entry address, segments and named symbols. */
export interface LoadedElf {
  entry: number
  segments: ElfSegment[]
  /** Named symbols with a value; the last definition of a name wins. */
  symbols: Map<string, number>
}

const elfMachineRiscv = 243
const segmentTypeLoad = 1
const sectionTypeSymbols = 2

const rebuildHint =
  'Build it with riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32, or run `npm run firmware`.'

function invalid(message: string, hint = rebuildHint): AppError {
  return new AppError('input.invalid', message, hint)
}

/** Whether a file begins as an ELF file does. */
export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46
}

/**
 * Reads a 32-bit little-endian RISC-V ELF executable (System V ABI, chapters 4 and 5).
 * Throws AppError input.invalid for anything else, with the reason.
 */
export function parseElf(bytes: Uint8Array): LoadedElf {
  if (bytes.length < 52 || !isElf(bytes)) {
    throw invalid(
      'This is not an ELF file.',
      'Choose the linked executable (.elf), not a binary, hex or object file.'
    )
  }
  if (bytes[4] !== 1) throw invalid('This ELF file is for a 64-bit machine; the board runs 32-bit RISC-V.')
  if (bytes[5] !== 1) throw invalid('This ELF file is big-endian; the board runs little-endian RISC-V.')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const type = view.getUint16(16, true)
  const machine = view.getUint16(18, true)
  if (machine !== elfMachineRiscv)
    throw invalid(`This ELF file is for machine ${machine}, not for RISC-V (243).`)
  if (type !== 2)
    throw invalid(
      `This ELF file is not a linked executable (type ${type}).`,
      'Link it at fixed addresses (no -shared, -r or -pie).'
    )

  return {
    entry: view.getUint32(24, true),
    segments: readSegments(bytes, view),
    symbols: readSymbols(bytes, view)
  }
}

function readSegments(bytes: Uint8Array, view: DataView): ElfSegment[] {
  const tableOffset = view.getUint32(28, true)
  const entryBytes = view.getUint16(42, true)
  const count = view.getUint16(44, true)
  if (count === 0) throw invalid('This ELF file has no program headers, so there is nothing to load.')
  if (entryBytes < 32 || tableOffset + count * entryBytes > bytes.length) {
    throw invalid(
      'This ELF file is cut short: its program headers lie beyond its end.',
      'Copy or build the file again.'
    )
  }
  const segments: ElfSegment[] = []
  for (let index = 0; index < count; index++) {
    const at = tableOffset + index * entryBytes
    const fileBytes = view.getUint32(at + 16, true)
    const memoryBytes = view.getUint32(at + 20, true)
    if (view.getUint32(at, true) !== segmentTypeLoad || memoryBytes === 0) continue
    const fileOffset = view.getUint32(at + 4, true)
    if (fileOffset + fileBytes > bytes.length || fileBytes > memoryBytes) {
      throw invalid(
        `This ELF file is cut short: segment ${index} lies beyond its end.`,
        'Copy or build the file again.'
      )
    }
    segments.push({
      address: view.getUint32(at + 12, true),
      data: bytes.subarray(fileOffset, fileOffset + fileBytes),
      memoryBytes
    })
  }
  if (segments.length === 0) throw invalid('This ELF file has no loadable segment.')
  return segments
}

function readSymbols(bytes: Uint8Array, view: DataView): Map<string, number> {
  const symbols = new Map<string, number>()
  const tableOffset = view.getUint32(32, true)
  const entryBytes = view.getUint16(46, true)
  const count = view.getUint16(48, true)
  // Symbols are a convenience: a stripped or oddly cut section table is no reason to refuse the program.
  if (tableOffset === 0 || entryBytes < 40 || tableOffset + count * entryBytes > bytes.length) return symbols
  for (let index = 0; index < count; index++) {
    const at = tableOffset + index * entryBytes
    if (view.getUint32(at + 4, true) !== sectionTypeSymbols) continue
    const start = view.getUint32(at + 16, true)
    const sizeBytes = view.getUint32(at + 20, true)
    const stringsIndex = view.getUint32(at + 24, true)
    if (stringsIndex >= count || start + sizeBytes > bytes.length) continue
    const stringsStart = view.getUint32(tableOffset + stringsIndex * entryBytes + 16, true)
    const stringsEnd = Math.min(
      bytes.length,
      stringsStart + view.getUint32(tableOffset + stringsIndex * entryBytes + 20, true)
    )
    for (let symbol = start; symbol + 16 <= start + sizeBytes; symbol += 16) {
      const name = readName(bytes, stringsStart + view.getUint32(symbol, true), stringsEnd)
      if (name !== '') symbols.set(name, view.getUint32(symbol + 4, true))
    }
  }
  return symbols
}

function readName(bytes: Uint8Array, start: number, end: number): string {
  let name = ''
  for (let at = start; at < end && bytes[at] !== 0; at++) name += String.fromCharCode(bytes[at])
  return name
}
