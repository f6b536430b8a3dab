import { describe, expect, it } from 'vitest'
import { findZipDirectory, readZipDirectory } from '@core/dataset/zipDirectory'

/** The end of a ZIP64 archive, byte by byte (APPNOTE 4.3.14 to 4.3.16): record, locator, end. */
function zip64End(recordAt: number, directory: { bytes: bigint; offset: bigint }): Uint8Array {
  const bytes = new Uint8Array(56 + 20 + 22)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, 0x06064b50, true)
  view.setBigUint64(40, directory.bytes, true)
  view.setBigUint64(48, directory.offset, true)
  view.setUint32(56, 0x07064b50, true)
  view.setBigUint64(64, BigInt(recordAt), true)
  view.setUint32(76, 0x06054b50, true)
  view.setUint32(76 + 12, 0xffffffff, true)
  view.setUint32(76 + 16, 0xffffffff, true)
  return bytes
}

describe('the directory of a ZIP archive', () => {
  const size = 6_000_000_000
  const directory = { bytes: 5_000_000_123n, offset: 777n }

  it('beyond 4 GiB is named by the ZIP64 record', () => {
    const end = zip64End(size - 98, directory)
    expect(findZipDirectory(end, size, 'a.zip')).toEqual({
      directoryBytes: 5_000_000_123,
      directoryOffset: 777
    })
    const tail = new Uint8Array(500)
    tail.set(end, 402)
    expect(findZipDirectory(tail, size, 'a.zip').directoryOffset).toBe(777)
  })

  it('is not found without a record, locator or end that is one', () => {
    const invalid = (change: (view: DataView) => void): void => {
      const end = zip64End(size - 98, directory)
      change(new DataView(end.buffer))
      expect(() => findZipDirectory(end, size, 'a.zip')).toThrow(/not a whole ZIP/)
    }
    invalid((view) => view.setUint32(0, 0x06064b51, true))
    invalid((view) => view.setUint32(56, 0x07064b51, true))
    invalid((view) => view.setUint32(76, 0x06054b51, true))
    // A record before the bytes at hand, or that ends behind them.
    invalid((view) => view.setBigUint64(64, BigInt(size - 99), true))
    invalid((view) => view.setBigUint64(64, BigInt(size - 41), true))
  })

  it('gives sizes and places of entries above 32 bits in the order of the extra field', () => {
    const name = 'big.bin'
    const extra = 4 + 24
    const bytes = new Uint8Array(46 + name.length + extra)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, 0x02014b50, true)
    view.setUint16(10, 8, true)
    view.setUint32(16, 0xcafe, true)
    for (const at of [20, 24, 42]) view.setUint32(at, 0xffffffff, true)
    view.setUint16(28, name.length, true)
    view.setUint16(30, extra, true)
    bytes.set(new TextEncoder().encode(name), 46)
    const from = 46 + name.length
    view.setUint16(from, 1, true)
    view.setUint16(from + 2, 24, true)
    for (const [at, value] of [9_000_000_000n, 8_000_000_000n, 7_000_000_000n].entries())
      view.setBigUint64(from + 4 + 8 * at, value, true)
    expect(readZipDirectory(bytes, 'a.zip')).toEqual([
      { name, method: 8, crc32: 0xcafe, bytes: 9e9, packedBytes: 8e9, headerOffset: 7e9 }
    ])
    expect(() => readZipDirectory(bytes.subarray(0, -1), 'a.zip')).toThrow(/cut short/)
    view.setUint16(10, 9, true)
    expect(() => readZipDirectory(bytes, 'a.zip')).toThrow(/not read here \(9\)/)
  })
})
