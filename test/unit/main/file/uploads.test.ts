import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createUploads, type Uploads } from '@main/file/uploads'

let folder: string
let uploads: Uploads
const group = 'group-0001'
async function* content(...parts: string[]): AsyncIterable<Uint8Array> {
  for (const part of parts) yield new TextEncoder().encode(part)
}
const send = (name: string, text: string, sizeBytes: number | null = null, to = group) =>
  uploads.receive({ group: to, name, sizeBytes, content: content(text) })

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bitbench uploads '))
  uploads = createUploads(path.join(folder, 'uploads'), { fileBytes: 10, totalBytes: 16 })
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const everything = async (): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)

describe('uploads', () => {
  it('stores a file whole, for this user alone', async () => {
    const stored = await send('pictures/cat 1.png', '12345', 5)
    expect(stored.sizeBytes).toBe(5)
    expect(stored.path).toBe(path.join(stored.folder, 'pictures', 'cat 1.png'))
    expect(await readFile(stored.path, 'utf8')).toBe('12345')
    expect((await stat(stored.path)).mode & 0o077).toBe(0)
    expect((await stat(stored.folder)).mode & 0o077).toBe(0)
    expect(await uploads.usage()).toEqual({ files: 1, sizeBytes: 5 })
  })

  it.each([
    '../out',
    '/etc/passwd',
    'a//b',
    'a/../../b',
    '.',
    '',
    'a\\b',
    'a\0b',
    'a\nb',
    'C:x',
    'x'.repeat(201),
    Array(14).fill('a').join('/')
  ])('refuses the name %j', async (name) => {
    await expect(send(name, 'x')).rejects.toMatchObject({ code: 'input.invalid' })
    expect(await everything()).toEqual([])
  })

  it.each(['', 'short', '../../etc', 'a b c d e f'])('refuses the group %j', async (bad) => {
    await expect(send('a', 'x', null, bad)).rejects.toMatchObject({ code: 'input.invalid' })
  })

  it('refuses what is too large: announced, or found while it comes', async () => {
    await expect(send('a', 'x', 11)).rejects.toMatchObject({ code: 'input.invalid' })
    await expect(send('b', 'x'.repeat(11))).rejects.toMatchObject({ code: 'input.invalid' })
    expect(await everything()).toEqual([])
    // All files together: 10 + 6 fit, one byte more does not.
    await send('c', 'x'.repeat(10))
    await expect(send('d', 'x'.repeat(7))).rejects.toMatchObject({ code: 'input.invalid' })
    await send('e', 'x'.repeat(6))
    expect((await uploads.usage()).sizeBytes).toBe(16)
  })

  it('counts a file that arrived whole while another was on its way', async () => {
    let finish = (): void => undefined
    const isSmallStored = new Promise<void>((resolve) => (finish = resolve))
    const slow = uploads.receive({
      group,
      name: 'slow',
      sizeBytes: null,
      content: (async function* () {
        yield Uint8Array.of(1)
        await isSmallStored
        // 9 more, beside the 7 that came meanwhile: 17 of 16 bytes.
        yield new Uint8Array(9)
      })()
    })
    slow.catch(() => undefined)
    await send('small', 'x'.repeat(7))
    finish()
    await expect(slow).rejects.toMatchObject({ code: 'input.invalid' })
    expect(await everything()).toEqual(['small'])
  })

  it('keeps what is in use where its folder was named by a relative path', async () => {
    uploads = createUploads(path.relative(process.cwd(), path.join(folder, 'uploads')))
    const kept = await send('net.onnx', 'net')
    expect(path.isAbsolute(kept.path)).toBe(true)
    expect(await uploads.clear([kept.path])).toBe(0)
  })

  it('leaves nothing of a file that did not arrive whole', async () => {
    await expect(send('a', 'xyz', 5)).rejects.toMatchObject({ code: 'input.invalid' })
    const broken = uploads.receive({
      group,
      name: 'b',
      sizeBytes: null,
      content: (async function* () {
        yield Uint8Array.of(1)
        throw new Error('connection lost')
      })()
    })
    await expect(broken).rejects.toMatchObject({ code: 'store.failed' })
    expect(await everything()).toEqual([])
    // What failed does not count against the limit.
    await send('c', 'x'.repeat(10))
  })

  it('does not replace a file of the group', async () => {
    await send('a', 'first')
    await expect(send('a', 'second')).rejects.toMatchObject({ code: 'input.invalid' })
    expect(await readFile(path.join(folder, 'uploads', group, 'a'), 'utf8')).toBe('first')
  })

  it('clears all groups but those in use', async () => {
    const kept = await send('net.onnx', 'net')
    await send('net.onnx.data', 'data')
    await send('other', 'x', null, 'group-0002')
    expect(await uploads.clear([kept.path, '/elsewhere/x'])).toBe(1)
    expect((await everything()).sort()).toEqual(['net.onnx', 'net.onnx.data'])
    expect(await uploads.clear([])).toBe(2)
    expect(await uploads.usage()).toEqual({ files: 0, sizeBytes: 0 })
  })

  it('counts what is there already when it begins', async () => {
    await send('a', 'x'.repeat(10))
    await writeFile(path.join(folder, 'uploads', group, 'b'), 'yyyyy')
    uploads = createUploads(path.join(folder, 'uploads'), { fileBytes: 10, totalBytes: 16 })
    await expect(send('c', 'xx', 2)).rejects.toMatchObject({ code: 'input.invalid' })
    await send('c', 'x', 1)
  })
})
