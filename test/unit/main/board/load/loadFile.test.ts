import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { asOneBlock, checkAgainstRam, readLoadImage } from '@main/board/load/loadFile'
import { resourcePath } from '@main/paths'

const monitor = resourcePath('firmware', 'build', 'monitor.elf')
const binary = { name: 'a.bin', base64: Buffer.from([1, 2, 3, 4]).toString('base64') }

describe('files to load', () => {
  it('take their addresses from the ELF, zeros included', async () => {
    const image = await readLoadImage({ path: monitor }, null)
    expect(image.entry).toBe(0x8000_0000)
    expect(image.segments[0]!.address).toBe(0x8000_0000)
    expect(image.sizeBytes).toBeGreaterThan(
      readFileSync(resourcePath('firmware', 'build', 'monitor.bin')).length - 64
    )
    expect(asOneBlock(image).address).toBe(0x8000_0000)
  })

  it('need an address when they are flat', async () => {
    await expect(readLoadImage(binary, null)).rejects.toMatchObject({
      code: 'input.invalid',
      hint: expect.stringContaining('address')
    })
    expect(await readLoadImage(binary, 0x8010_0000)).toMatchObject({ entry: 0x8010_0000, sizeBytes: 4 })
  })

  it('are refused when empty, missing or outside the board’s memory', async () => {
    await expect(readLoadImage({ name: 'none.bin', base64: '' }, 0)).rejects.toMatchObject({
      code: 'input.invalid'
    })
    await expect(readLoadImage({ path: '/nowhere/x.elf' }, 0)).rejects.toMatchObject({
      code: 'input.notFound'
    })
    const image = await readLoadImage(binary, 0x7fff_fffe)
    expect(() => checkAgainstRam(image, { low: 0x8000_0000, high: 0x8001_0000 })).toThrow(
      expect.objectContaining({ code: 'board.addressRange', message: expect.stringContaining('0x80000000') })
    )
  })
})
