import { expect, it } from 'vitest'
import { canvasToPng } from '@renderer/charts/files/save'

const encoded = [0x89, 0x50, 0x4e, 0x47, 0, 255]
const address = `data:image/png;base64,${Buffer.from(encoded).toString('base64')}`

/** A canvas of which only the two ways to encode it are there. */
function canvas(width: number, height: number, url: string, blob: Blob | null = null): HTMLCanvasElement {
  const parts = {
    ...{ width, height },
    toDataURL: () => url,
    toBlob: (take: (blob: Blob | null) => void) => take(blob)
  }
  return parts as unknown as HTMLCanvasElement
}

it('encodes a picture of usual size at once, byte for byte', async () => {
  const blob = await canvasToPng(canvas(2000, 1000, address))
  expect(blob.type).toBe('image/png')
  expect([...new Uint8Array(await blob.arrayBuffer())]).toEqual(encoded)
})

it('encodes a very large picture beside the page', async () => {
  const beside = new Blob([Uint8Array.of(1, 2, 3)])
  expect(await canvasToPng(canvas(4000, 24_000, 'data:,', beside))).toBe(beside)
})

it('says that a picture is too large where the browser gives none', async () => {
  await expect(canvasToPng(canvas(100, 100, 'data:,'))).rejects.toThrow('too large')
  await expect(canvasToPng(canvas(4000, 24_000, 'data:,'))).rejects.toThrow('too large')
})
