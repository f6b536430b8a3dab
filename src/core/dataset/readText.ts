import { goodItem, type ByteStream, type ReadItem } from './item'

/** Tokens are bytes. */
export const textVocabulary = 256

/**
 * Text as next-token items: `context` bytes, and the byte that follows as the label. Windows do not overlap beyond
 * `stride`. What is left at the end is shorter than a window and is no item.
 */
export async function* readTextItems(
  file: { name: string; stream: ByteStream },
  context: number,
  stride: number
): AsyncGenerator<ReadItem> {
  let window = await file.stream.take(context + 1)
  for (let at = 0; window.length === context + 1; at += stride) {
    yield goodItem(`${file.name} byte ${at}`, new Uint8Array(window.subarray(0, context)), [context], {
      label: window[context]
    })
    const more = await file.stream.take(stride)
    if (more.length < stride) return
    const next = new Uint8Array(context + 1)
    // A stride longer than the window leaves bytes out between two of them.
    const joined = new Uint8Array(window.length + more.length)
    joined.set(window)
    joined.set(more, window.length)
    next.set(joined.subarray(joined.length - context - 1))
    window = next
  }
}
