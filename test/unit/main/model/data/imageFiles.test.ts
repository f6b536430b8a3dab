import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { decodeSubset, encodeSubset, readIdxPair } from '@main/model/data/imageFiles'

const folder = mkdtempSync(path.join(tmpdir(), 'bitbench images '))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const write = (name: string, bytes: Uint8Array): string => {
  writeFileSync(path.join(folder, name), bytes)
  return path.join(folder, name)
}

describe('subsets of images', () => {
  const train = { count: 2, labels: Uint8Array.of(7, 1), pixels: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }
  const test = { count: 1, labels: Uint8Array.of(9), pixels: Uint8Array.of(10, 11, 12, 13) }
  const subset = { shape: [2, 1, 2] as const, splits: new Map(Object.entries({ train, test })) }
  const name = (text: string): number[] => [...Buffer.from(text.padEnd(16, '\0'), 'latin1')]

  it('have the documented bytes', async () => {
    const bytes = gunzipSync(await encodeSubset(subset))
    expect([...bytes]).toEqual([
      ...[66, 66, 73, 83, 1, 0, 2, 0, 1, 0, 2, 0, 2, 0],
      ...[...name('train'), 2, 0, 0, 0],
      ...[...name('test'), 1, 0, 0, 0],
      ...[7, 1, 1, 2, 3, 4, 5, 6, 7, 8],
      ...[9, 10, 11, 12, 13]
    ])
    expect(await decodeSubset(bytes, 'f')).toEqual(subset)
    expect(await decodeSubset(gzipSync(bytes), 'f')).toEqual(subset)
  })

  it('are refused where they are cut, or none', async () => {
    const bytes = gunzipSync(await encodeSubset(subset))
    await expect(decodeSubset(bytes.subarray(0, bytes.length - 1), 'f')).rejects.toThrow(
      'ends within split "test"'
    )
    await expect(decodeSubset(bytes.subarray(0, 14 + 39), 'f')).rejects.toThrow('ends within')
    await expect(decodeSubset(bytes.subarray(0, 13), 'f')).rejects.toThrow('not an image subset')
    const later = Buffer.from(bytes)
    later[4] = 2
    await expect(decodeSubset(later, 'f')).rejects.toThrow('not an image subset of version 1')
    await expect(decodeSubset(gzipSync(bytes).subarray(0, 30), 'f')).rejects.toThrow('gzip stream is broken')
  })
})

describe('pairs of IDX files', () => {
  const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6)
  const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 9, 4)

  it('are images and labels, plain or packed', async () => {
    const expected = { count: 2, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6), labels: Uint8Array.of(9, 4) }
    expect(await readIdxPair(write('i', images), write('l', labels))).toEqual(expected)
    expect(await readIdxPair(write('i.gz', gzipSync(images)), write('l.gz', gzipSync(labels)))).toEqual(
      expected
    )
  })

  it('are refused by name where they are cut, too long, mixed up or missing', async () => {
    const good = write('i', images)
    await expect(readIdxPair(good, write('l', Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 1, 9)))).rejects.toThrow(
      '1 labels for 2 images'
    )
    await expect(readIdxPair(write('cut', images.subarray(0, 21)), good)).rejects.toThrow(
      '5 values for [2, 1, 3]'
    )
    await expect(readIdxPair(write('long', Uint8Array.of(...images, 7)), good)).rejects.toThrow(
      '7 values for'
    )
    await expect(readIdxPair(good, good)).rejects.toThrow('not an IDX file of bytes')
    await expect(readIdxPair(write('none', images.subarray(0, 3)), good)).rejects.toThrow('not an IDX file')
    await expect(readIdxPair(path.join(folder, 'absent'), good)).rejects.toMatchObject({
      code: 'data.missing'
    })
  })
})
