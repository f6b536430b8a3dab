/** Memory that fitting uses over and over: arrays whose contents are not defined until they are written. */
export interface Scratch {
  bytes(length: number): Uint8Array<ArrayBuffer>
  reals(length: number): Float32Array<ArrayBuffer>
  /** The arrays must not be used from now on. */
  giveBack(...arrays: readonly (Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>)[]): void
}

/** Most buffers that are kept; of more the smallest goes. */
const maxKept = 4

/** New buffers cost their pages and make the collector run; of these a few are kept. */
export function createScratch(): Scratch {
  const free: ArrayBuffer[] = []

  function take(byteLength: number): ArrayBuffer {
    const at = free.findIndex((buffer) => buffer.byteLength >= byteLength)
    return at < 0 ? new ArrayBuffer(byteLength) : free.splice(at, 1)[0]
  }

  return {
    bytes: (length) => new Uint8Array(take(length), 0, length),
    reals: (length) => new Float32Array(take(4 * length), 0, length),
    giveBack(...arrays) {
      for (const { buffer } of arrays) free.push(buffer)
      free.sort((a, b) => a.byteLength - b.byteLength)
      free.splice(0, free.length - maxKept)
    }
  }
}
