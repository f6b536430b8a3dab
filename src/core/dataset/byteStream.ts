import { AppError } from '../../shared/errors'
import type { ByteStream } from './item'

/** A stream over bytes in memory. */
export function bytesStream(bytes: Uint8Array): ByteStream {
  let at = 0
  return {
    async take(length) {
      const taken = bytes.subarray(at, at + length)
      at += taken.length
      return taken
    },
    close: async () => undefined
  }
}

/** Exactly `length` bytes, or data.invalid naming the file that ends too early. */
export async function takeExactly(stream: ByteStream, length: number, file: string): Promise<Uint8Array> {
  const bytes = await stream.take(length)
  if (bytes.length < length) throw invalidData(file, `it ends ${length - bytes.length} bytes too early`)
  return bytes
}

/** data.invalid about a file of a data set. */
export function invalidData(
  file: string,
  why: string,
  hint = 'Check the file; copy it again from where it came.'
): AppError {
  return new AppError('data.invalid', `${file}: ${why}.`, hint)
}

/** Unsigned big-endian 32-bit numbers. */
export function bigEndianWords(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length >> 2 }, (_, word) => view.getUint32(4 * word))
}
