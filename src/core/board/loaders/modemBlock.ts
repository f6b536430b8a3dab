import { crc16 } from '../../binary/crc16'

/** Control bytes and blocks of XMODEM-1K and YMODEM (Forsberg, "XMODEM/YMODEM Protocol Reference", 1988). */
export const modem = {
  soh: 0x01,
  stx: 0x02,
  eot: 0x04,
  ack: 0x06,
  backspace: 0x08,
  nak: 0x15,
  can: 0x18,
  /** Fills the last block (CP/M end of file). */
  sub: 0x1a,
  /** A receiver's request for CRC mode: "C". */
  crcWish: 0x43
} as const

/** A block of 128 or 1024 data bytes; shorter data is filled up with `fill`. */
export function modemBlock(sequence: number, data: Uint8Array, fill: number): Uint8Array {
  const size = data.length <= 128 ? 128 : 1024
  const block = new Uint8Array(3 + size + 2)
  block[0] = size === 128 ? modem.soh : modem.stx
  block[1] = sequence & 0xff
  block[2] = ~sequence & 0xff
  block.fill(fill, 3 + data.length, 3 + size)
  block.set(data, 3)
  const crc = crc16(block, 3, 3 + size)
  block[3 + size] = crc >> 8
  block[4 + size] = crc & 0xff
  return block
}
