/** UTF-8 without the host's encoders, which core does not have. */

/** Bytes of a text; a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes: number[] = []
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    const point = code >= 0xd800 && code <= 0xdfff ? 0xfffd : code
    if (point < 0x80) bytes.push(point)
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), continuation(point))
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), continuation(point >> 6), continuation(point))
    else
      bytes.push(
        0xf0 | (point >> 18),
        continuation(point >> 12),
        continuation(point >> 6),
        continuation(point)
      )
  }
  return Uint8Array.from(bytes)
}

const continuation = (bits: number): number => 0x80 | (bits & 0x3f)

/** First code point that needs as many bytes; what is written longer than needed is not UTF-8. */
const smallest = [0, 0, 0x80, 0x800, 0x10000]

/** Bytes of a character by its first byte; 0 for a byte that begins none. */
function lengthOf(first: number): number {
  if (first < 0x80) return 1
  if (first < 0xc2) return 0
  if (first < 0xe0) return 2
  if (first < 0xf0) return 3
  return first < 0xf5 ? 4 : 0
}

/** What `decodeUtf8Prefix` read, and the bytes that may still become a character. */
export interface Utf8Prefix {
  readonly text: string
  readonly rest: Uint8Array
}

/** Decodes all whole characters; a byte that belongs to none becomes U+FFFD. An unfinished one at the end is returned as `rest`. */
export function decodeUtf8Prefix(bytes: Uint8Array): Utf8Prefix {
  let text = ''
  let at = 0
  while (at < bytes.length) {
    const length = lengthOf(bytes[at])
    const tail = bytes.subarray(at + 1, at + length)
    const whole = tail.every((byte) => (byte & 0xc0) === 0x80)
    if (length > 1 && whole && tail.length < length - 1) break
    let point = length === 0 || !whole ? 0xfffd : bytes[at] & (length === 1 ? 0x7f : 0xff >> (length + 1))
    if (point !== 0xfffd) for (const byte of tail) point = (point << 6) | (byte & 0x3f)
    const valid =
      length > 0 &&
      whole &&
      point >= smallest[length] &&
      point <= 0x10ffff &&
      !(point >= 0xd800 && point <= 0xdfff)
    text += String.fromCodePoint(valid ? point : 0xfffd)
    at += valid ? length : 1
  }
  return { text, rest: bytes.slice(at) }
}

/** Decodes bytes; what is no UTF-8 becomes U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  const { text, rest } = decodeUtf8Prefix(bytes)
  return text + (rest.length > 0 ? '\ufffd' : '')
}
