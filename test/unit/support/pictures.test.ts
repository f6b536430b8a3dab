import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import {
  comparePictures,
  tolerances,
  readPicture,
  readReference,
  writeReference,
  type Picture
} from '../../e2e/support/pictures'

/** A drawing of 200 x 120 px with lines of text-like bars. */
const drawn = (inside: string): Promise<Picture> =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="120"><rect width="200" height="120" fill="#15191e"/>${inside}</svg>`
    )
  )
    .png()
    .toBuffer()
    .then(readPicture)
const bars = (x: number, color = '#e4e8ec'): string =>
  [0, 1, 2, 3, 4].map((at) => `<circle cx="${x + 9 * at}" cy="40" r="3" fill="${color}"/>`).join('')

describe('comparison of pictures', () => {
  it('finds a picture equal to itself', async () => {
    const picture = await drawn(bars(40))
    expect(comparePictures(picture, picture, tolerances.same)).toMatchObject({ worst: 0, isEqual: true })
  })

  it('passes edges that are smoothed otherwise', async () => {
    const moved = comparePictures(await drawn(bars(40)), await drawn(bars(40.2)), tolerances.other)
    expect(moved.isEqual).toBe(true)
  })

  it.each([
    ['a word that is gone', ''],
    ['a word that moved by two pixels', bars(42)],
    ['a word of another colour', bars(40, '#e5675a')],
    ['a second word', bars(40) + bars(120)]
  ])('finds %s', async (_, inside) => {
    const { isEqual, marked } = comparePictures(await drawn(bars(40)), await drawn(inside), tolerances.same)
    expect(isEqual).toBe(false)
    expect(marked.pixels.length).toBe(4 * 200 * 120)
  })

  it('finds another size', async () => {
    const picture = await drawn(bars(40))
    const wider = { ...picture, width: 100, height: 240 }
    expect(comparePictures(picture, wider, tolerances.other)).toMatchObject({ isEqual: false })
  })

  it('finds a reference equal to what it was written from', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'bitbench-pictures-'))
    try {
      const file = path.join(folder, 'deep', 'one.webp')
      const picture = await drawn(bars(40) + bars(120, '#2bb8a6'))
      expect(await readReference(file)).toBeNull()
      await writeReference(file, picture)
      expect((await stat(file)).size).toBeLessThan(3000)
      expect(comparePictures((await readReference(file))!, picture, tolerances.same)).toMatchObject({
        isEqual: true
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
