import path from 'node:path'
import type { AddressRange } from '../../../core/board/boardInfo'
import { isElf, parseElf } from '../../../core/binary/elf'
import type { FileSource } from '../../../shared/contract/board/boardFiles'
import { AppError } from '../../../shared/errors'
import { formatBytes, formatHex } from '../../../shared/units'
import { readRegularFile } from '../../files/readRegularFile'

/** What is to be loaded: pieces with addresses, and where it starts. */
export interface LoadImage {
  name: string
  segments: { address: number; bytes: Uint8Array }[]
  entry: number
  sizeBytes: number
}

/** No board here has more memory. */
const maxLoadBytes = 512 * 1024 * 1024
/** Gaps between an ELF's segments are filled for loaders that take one block; wider gaps are refused. */
const widestGapBytes = 16 * 1024 * 1024

/** The content of a file that is here or came from a browser. @throws input.notFound, input.invalid when it is empty */
export async function readSource(source: FileSource): Promise<{ name: string; bytes: Uint8Array }> {
  const name = 'path' in source ? path.basename(source.path) : source.name
  const bytes =
    'path' in source
      ? new Uint8Array(await readRegularFile(source.path, { maxBytes: maxLoadBytes }))
      : new Uint8Array(Buffer.from(source.base64, 'base64'))
  if (bytes.length > 0) return { name, bytes }
  throw new AppError('input.invalid', `${name} is empty.`, 'Choose a file with something in it.')
}

/** Reads an ELF (its own addresses) or a flat binary (at `address`). */
export async function readLoadImage(source: FileSource, address: number | null): Promise<LoadImage> {
  const { name, bytes } = await readSource(source)
  if (!isElf(bytes)) {
    if (address === null) {
      throw new AppError(
        'input.invalid',
        `${name} is no ELF file: nothing in it says where it belongs.`,
        'Give the address it is linked for, or choose the ELF file it was made from.'
      )
    }
    return { name, segments: [{ address, bytes }], entry: address, sizeBytes: bytes.length }
  }
  const elf = parseElf(bytes)
  const segments = elf.segments
    .map((segment) => {
      // An ELF promises zeros behind the file's bytes; no program on the board writes them, so they are sent.
      const filled = new Uint8Array(Math.max(segment.memoryBytes, segment.data.length))
      filled.set(segment.data)
      return { address: segment.address, bytes: filled }
    })
    .filter((segment) => segment.bytes.length > 0)
    .sort((a, b) => a.address - b.address)
  return {
    name,
    segments,
    entry: elf.entry,
    sizeBytes: segments.reduce((sum, segment) => sum + segment.bytes.length, 0)
  }
}

/** Checks where the pieces of a program go. @throws board.addressRange when a piece lies outside the board's usable RAM */
export function checkAgainstRam(image: LoadImage, ram: AddressRange): void {
  for (const { address, bytes } of image.segments) {
    if (address >= ram.low && address + bytes.length <= ram.high) continue
    throw new AppError(
      'board.addressRange',
      `${image.name} wants ${formatHex(address)}-${formatHex(address + bytes.length)} (${formatBytes(bytes.length)}); the board's usable RAM is ${formatHex(ram.low)}-${formatHex(ram.high)}.`,
      'Link it for an address inside that range (the monitor itself lies below it).',
      { details: { address, sizeBytes: bytes.length, ramLow: ram.low, ramHigh: ram.high } }
    )
  }
}

/** All segments as one block, for loaders that carry one file. */
export function asOneBlock(image: LoadImage): { address: number; bytes: Uint8Array } {
  const first = image.segments[0]
  const last = image.segments[image.segments.length - 1]
  const length = last.address + last.bytes.length - first.address
  if (length - image.sizeBytes > widestGapBytes) {
    throw new AppError(
      'input.invalid',
      `The pieces of ${image.name} lie ${formatBytes(length)} apart, too far for one transfer.`,
      'Link it into one memory, or use a loader that takes several pieces (monitor, sfl).'
    )
  }
  const bytes = new Uint8Array(length)
  for (const segment of image.segments) bytes.set(segment.bytes, segment.address - first.address)
  return { address: first.address, bytes }
}
