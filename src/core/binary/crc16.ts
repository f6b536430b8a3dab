/**
 * CRC-16 of XMODEM, YMODEM and LiteX SFL: polynomial 0x1021, init 0, unreflected, no final xor
 * ("123456789" -> 0x31C3; Williams, "A Painless Guide to CRC Error Detection Algorithms").
 */
const table = new Uint16Array(256)
for (let byte = 0; byte < 256; byte++) {
  let value = byte << 8
  for (let bit = 0; bit < 8; bit++) value = (value & 0x8000) !== 0 ? (value << 1) ^ 0x1021 : value << 1
  table[byte] = value
}

/** CRC-16/XMODEM (polynomial 0x1021, start 0 unless given) of `bytes[start..end)`. */
export function crc16(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = 0
  for (let at = start; at < end; at++) crc = ((crc << 8) & 0xffff) ^ table[(crc >> 8) ^ bytes[at]]
  return crc
}
