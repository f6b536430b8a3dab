/** A piece of memory from which arrays of bytes are cut and to which they are given back. */
export interface ByteMemory {
  /** An array of undefined content, beginning at a multiple of 64 bytes; null where no gap is long enough. */
  cut(length: number): Uint8Array<ArrayBuffer> | null
  /** Takes back an array that was cut; it must not be used from now on. */
  giveBack(bytes: Uint8Array): void
}

/** Arrays begin at multiples of this many bytes, a line of the processor's caches. */
const lineBytes = 64

/** Free bytes from `at` up to `end`. */
interface Gap {
  at: number
  end: number
}

/** Returns memory of so many bytes. The system gives its pages once they are written to. */
export function createByteMemory(sizeBytes: number): ByteMemory {
  let memory: ArrayBuffer | undefined
  /** By address; no two touch each other. */
  const gaps: Gap[] = [{ at: 0, end: sizeBytes }]

  return {
    cut(length) {
      const taken = linesOf(length)
      const found = gaps.findIndex(({ at, end }) => end - at >= taken)
      if (found < 0) return null
      const gap = gaps[found]
      const from = gap.at
      gap.at += taken
      if (gap.at === gap.end) gaps.splice(found, 1)
      return new Uint8Array((memory ??= new ArrayBuffer(sizeBytes)), from, length)
    },
    giveBack({ byteOffset, length }) {
      const end = byteOffset + linesOf(length)
      const next = gaps.findIndex(({ at }) => at >= end)
      const at = next < 0 ? gaps.length : next
      const [before, behind] = [gaps[at - 1], gaps[at]]
      const joinsBefore = before !== undefined && before.end === byteOffset
      const joinsBehind = behind !== undefined && behind.at === end
      if (joinsBefore && joinsBehind) {
        before.end = behind.end
        gaps.splice(at, 1)
      } else if (joinsBefore) before.end = end
      else if (joinsBehind) behind.at = byteOffset
      else gaps.splice(at, 0, { at: byteOffset, end })
    }
  }
}

/** Bytes of whole lines; at least one, so that no two arrays begin at one place. */
const linesOf = (length: number): number => Math.max(1, Math.ceil(length / lineBytes)) * lineBytes
