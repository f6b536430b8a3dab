import { describe, expect, it } from 'vitest'
import {
  asOneBlock,
  checkAgainstRam,
  readLoadImage,
  readSource,
  type LoadImage
} from '@main/board/load/loadFile'

const image = (...pieces: [number, number[]][]): LoadImage => ({
  ...{ name: 'program', entry: pieces[0]![0] },
  segments: pieces.map(([address, bytes]) => ({ address, bytes: Uint8Array.from(bytes) })),
  sizeBytes: pieces.reduce((sum, [, bytes]) => sum + bytes.length, 0)
})

describe('pieces of a program', () => {
  it('are one block with zeros between them, up to 16 MiB of them', () => {
    const { address, bytes } = asOneBlock(image([0x100, [1, 2]], [0x105, [3]], [0x106, [4, 5]]))
    expect([address, Array.from(bytes)]).toEqual([0x100, [1, 2, 0, 0, 0, 3, 4, 5]])
    const wide = 16 * 1024 * 1024
    expect(asOneBlock(image([0, [1]], [wide + 1, [2]])).bytes.length).toBe(wide + 2)
    expect(() => asOneBlock(image([0, [1]], [wide + 2, [2]]))).toThrow(/too far for one transfer/)
  })

  it('must lie in the RAM, the first and the last byte of it included', () => {
    const ram = { low: 0x1000, high: 0x1010 }
    const fits = (address: number, size: number): boolean => {
      try {
        checkAgainstRam(image([0x1000, [1]], [address, Array(size).fill(0)]), ram)
        return true
      } catch (error) {
        expect(error).toMatchObject({ code: 'board.addressRange', details: { address, sizeBytes: size } })
        return false
      }
    }
    expect([fits(0x1000, 16), fits(0x100f, 1), fits(0xfff, 1), fits(0x1000, 17), fits(0x1010, 1)]).toEqual([
      ...[true, true, false, false, false]
    ])
  })

  it('of a flat file need an address, and an empty file is none', async () => {
    const file = (bytes: number[]) => ({ name: 'a.bin', base64: Buffer.from(bytes).toString('base64') })
    expect(await readLoadImage(file([7, 8]), 0x2000)).toEqual({
      ...{
        name: 'a.bin',
        entry: 0x2000,
        sizeBytes: 2,
        segments: [{ address: 0x2000, bytes: Uint8Array.of(7, 8) }]
      }
    })
    expect(await readLoadImage(file([7]), 0)).toMatchObject({ entry: 0 })
    await expect(readLoadImage(file([7]), null)).rejects.toMatchObject({ code: 'input.invalid' })
    await expect(readSource(file([]))).rejects.toMatchObject({
      code: 'input.invalid',
      message: 'a.bin is empty.'
    })
  })
})
