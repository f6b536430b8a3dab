import { describe, expect, it } from 'vitest'
import { modemBlock } from '@core/board/loaders/modemBlock'

/** CRC-16 of XMODEM (polynomial 0x1021 from 0), bit by bit. */
function crcOf(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const out = (crc >> 15) & 1
      crc = ((crc << 1) & 0xffff) ^ (out === ((byte >> bit) & 1) ? 0 : 0x1021)
    }
  }
  return crc
}

describe('a block of XMODEM and YMODEM', () => {
  it('has its number, the complement, data, filling, and the CRC with the high byte first', () => {
    // The check value of CRC-16/XMODEM.
    expect(crcOf(new TextEncoder().encode('123456789'))).toBe(0x31c3)
    for (const [length, sequence, size, mark] of [
      [5, 1, 128, 0x01],
      [128, 255, 128, 0x01],
      [129, 256, 1024, 0x02],
      [1024, 3, 1024, 0x02]
    ] as const) {
      const data = Uint8Array.from({ length }, (_, at) => (37 * at + 11) & 0xff)
      const block = modemBlock(sequence, data, 0x1a)
      expect(block).toHaveLength(size + 5)
      expect(Array.from(block.subarray(0, 3))).toEqual([mark, sequence & 255, 255 - (sequence & 255)])
      expect(block.subarray(3, 3 + length)).toEqual(data)
      expect(new Set(block.subarray(3 + length, 3 + size))).toEqual(new Set(length < size ? [0x1a] : []))
      const crc = crcOf(block.subarray(3, 3 + size))
      expect(Array.from(block.subarray(3 + size))).toEqual([crc >> 8, crc & 0xff])
      expect(crc).toBeGreaterThan(0xff)
    }
  })
})
