/** One piece of a program. */
interface Segment {
  address: number
  bytes: Uint8Array
}

const headerBytes = 52
const programHeaderBytes = 32
const sectionHeaderBytes = 40
const machineRiscv = 243

/**
 * Wraps pieces of memory as a 32-bit little-endian RISC-V ELF executable (System V ABI, chapters 4 and 5), one section
 * `.load<N>` and one segment each: debuggers show progress and compare memory for ELF files only.
 */
export function writeElf(segments: readonly Segment[], entry: number): Uint8Array {
  const names = ['', ...segments.map((_, index) => `.load${index}`), '.shstrtab']
  const nameOffsets: number[] = []
  let nameBytes = 0
  for (const name of names) {
    nameOffsets.push(nameBytes)
    nameBytes += name.length + 1
  }
  const dataAt = headerBytes + programHeaderBytes * segments.length
  const dataBytes = segments.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const namesAt = dataAt + dataBytes
  const sectionsAt = Math.ceil((namesAt + nameBytes) / 4) * 4
  const file = new Uint8Array(sectionsAt + sectionHeaderBytes * names.length)
  const view = new DataView(file.buffer)
  const words = (at: number, values: readonly number[]): void =>
    values.forEach((value, index) => view.setUint32(at + 4 * index, value, true))

  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1])
  view.setUint16(16, 2, true)
  view.setUint16(18, machineRiscv, true)
  words(20, [1, entry, headerBytes, sectionsAt, 0])
  const counts = [
    headerBytes,
    programHeaderBytes,
    segments.length,
    sectionHeaderBytes,
    names.length,
    names.length - 1
  ]
  counts.forEach((value, index) => view.setUint16(40 + 2 * index, value, true))

  let at = dataAt
  for (const [index, { address, bytes }] of segments.entries()) {
    const [size, everything] = [bytes.length, 7]
    words(headerBytes + programHeaderBytes * index, [1, at, address, address, size, size, everything, 1])
    // PROGBITS, written, allocated and executable.
    words(sectionsAt + sectionHeaderBytes * (index + 1), [
      nameOffsets[index + 1],
      1,
      7,
      address,
      at,
      size,
      0,
      0,
      1,
      0
    ])
    file.set(bytes, at)
    at += size
  }
  const last = names.length - 1
  words(sectionsAt + sectionHeaderBytes * last, [nameOffsets[last], 3, 0, 0, namesAt, nameBytes, 0, 0, 1, 0])
  file.set(
    Uint8Array.from(`${names.join('\0')}\0`, (character) => character.charCodeAt(0)),
    namesAt
  )
  return file
}
