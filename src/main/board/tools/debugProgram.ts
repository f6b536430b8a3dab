import { writeElf } from '../../../core/board/tools/elfFile'
import type { LoadImage } from '../load/loadFile'

/** A program as a debugger takes it: an ELF of the very bytes that were checked, and where it starts. */
export interface DebugProgram {
  name: string
  elf: Uint8Array
  entry: number
  /** Bytes that go to memory. */
  sizeBytes: number
  /** Lowest and one past the highest address. */
  from: number
  to: number
}

/** Progress and stop signal of a load through a debugger. */
export interface DebugProgress {
  onProgress: (doneBytes: number, note: string) => void
  signal: AbortSignal
}

/** What a debug load ended with. */
export interface DebugOutcome {
  /** What is known now, in words. */
  result: string
}

/** Returns an image as an ELF file for debuggers, with the addresses it covers. */
export function debugProgram(image: LoadImage): DebugProgram {
  const ends = image.segments.map(({ address, bytes }) => address + bytes.length)
  return {
    name: image.name,
    elf: writeElf(image.segments, image.entry),
    entry: image.entry,
    sizeBytes: image.sizeBytes,
    from: Math.min(...image.segments.map(({ address }) => address)),
    to: Math.max(...ends)
  }
}
