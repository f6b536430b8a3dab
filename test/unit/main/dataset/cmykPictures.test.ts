import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readPicture } from '@main/dataset/pictures'

/** 16 x 8 pixels that Pillow 9.4 wrote as a CMYK JPEG: inks of (64, 128, 200, 100) on the left, (10, 250, 0, 30) on the right. */
const file =
  '/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwADAgIDAgIDAwMDBAMDBAUIBQUEBAUKBwcGCAwKDAwLCgsLDQ4SEA0OEQ4LCxAWEBETFBUVFQwPFxgWFBgSFBUU/8AA' +
  'FAgACAAQBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQci' +
  'cRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqi' +
  'o6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwD6oplfHlekV9IV+XVf0LV9d1//' +
  '2Q=='

describe('CMYK pictures', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'bitbench cmyk '))
    await writeFile(path.join(folder, 'inks.jpg'), Buffer.from(file, 'base64'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('have the colours of Image.convert("RGB") of Pillow', async () => {
    const picture = await readPicture(path.join(folder, 'inks.jpg'), null)
    expect(picture).toMatchObject({ width: 16, height: 8, channels: 3, isColour: true })
    expect([...picture.pixels.subarray(0, 3)]).toEqual([116, 77, 33])
    expect([...picture.pixels.subarray(45, 48)]).toEqual([216, 4, 225])
  })

  it('are made grey from those colours', async () => {
    const { pixels, channels } = await readPicture(path.join(folder, 'inks.jpg'), 1)
    expect(channels).toBe(1)
    expect(pixels).toHaveLength(128)
  })
})
