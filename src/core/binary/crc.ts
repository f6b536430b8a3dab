/** The checksums of the monitor's protocol and of Images (docs/protocol.md, docs/image.md). */

const crc32Table = new Uint32Array(256)
for (let value = 0; value < 256; value++) {
  let crc = value
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  crc32Table[value] = crc >>> 0
}

/** Initial state of `crc32Feed`. */
export const crc32Start = 0xffffffff

/** Feeds bytes [from, to) into a running CRC-32 state; finish it with `crc32Finish`. */
export function crc32Feed(state: number, bytes: Uint8Array, from = 0, to = bytes.length): number {
  let crc = state
  for (let i = from; i < to; i++) crc = crc32Table[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8)
  return crc
}

/** Returns the CRC-32 (IEEE, unsigned) of a running state. */
export function crc32Finish(state: number): number {
  return (state ^ 0xffffffff) >>> 0
}

/** CRC-32 of IEEE 802.3 (reflected, initial value and final xor 0xFFFFFFFF): "123456789" -> 0xCBF43926. */
export function crc32(bytes: Uint8Array): number {
  return crc32Finish(crc32Feed(crc32Start, bytes))
}

/** CRC-8, polynomial 0x07, initial 0, no final xor ("SMBus"): "123456789" -> 0xF4. */
export function crc8(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let crc = 0
  for (let i = from; i < to; i++) {
    crc ^= bytes[i]
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1
  }
  return crc
}
