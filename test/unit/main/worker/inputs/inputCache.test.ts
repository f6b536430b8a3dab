import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import path from 'node:path'
import type { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { writeValue } from '@core/worker/valueJson'
import { createInputCache } from '@main/worker/inputs/inputCache'
import { base64, keys, sha256 } from '@main/worker/queue/queueJob'
import { temporaryFolder } from '../../../../support/temporaryFolder'

/** A server with inputs in chunks of three bytes. */
function server() {
  const hashes = new Map<string, Map<string, Buffer>>()
  let reads = 0
  const put = (content: Buffer): string => {
    const hash = sha256(content)
    const chunks = Array.from({ length: Math.ceil(content.length / 3) }, (_, at) =>
      content.subarray(3 * at, 3 * at + 3)
    )
    const fields = chunks.map((chunk, at): [string, Buffer] => [String(at), chunk])
    hashes.set(keys.input(hash), new Map([...fields, ['chunks', Buffer.from(String(chunks.length))]]))
    return hash
  }
  const client = {
    hget: (key: string, field: string) => {
      reads++
      return Promise.resolve(hashes.get(key)?.get(field)?.toString() ?? null)
    },
    hgetBuffer: (key: string, field: string) => Promise.resolve(hashes.get(key)?.get(field) ?? null)
  } as unknown as Redis
  const manifest = (files: { name: string; sha256: string; sizeBytes: number }[]): string =>
    put(Buffer.from(writeValue({ files }, base64)))
  const inputs = (text: string, name = 'sub/net.onnx'): string =>
    manifest([{ name, sha256: put(Buffer.from(text)), sizeBytes: text.length }])
  return { client, put, manifest, inputs, hashes, reads: () => reads }
}

describe('inputs of jobs', () => {
  it('are fetched once into a folder of their hash', async () => {
    const root = temporaryFolder()
    const { client, inputs, reads } = server()
    const hash = inputs('twelve bytes')
    const cache = createInputCache(root, client)
    const folder = await cache.folder(hash)
    expect(folder).toBe(path.join(root, hash))
    expect(readFileSync(path.join(folder, 'sub/net.onnx'), 'utf8')).toBe('twelve bytes')
    // No other user of this machine may read the networks.
    expect([statSync(folder).mode & 0o777, statSync(path.join(folder, 'sub/net.onnx')).mode & 0o777]).toEqual(
      [0o700, 0o600]
    )
    expect(readdirSync(root)).toEqual([hash])
    const before = reads()
    expect(await cache.folder(hash)).toBe(folder)
    expect(reads()).toBe(before)
  })

  it('are taken over from another process where they are whole, and fetched again where they are not', async () => {
    const root = temporaryFolder()
    const { client, inputs, reads } = server()
    const hash = inputs('content')
    const file = path.join(await createInputCache(root, client).folder(hash), 'sub/net.onnx')
    const once = reads()
    await createInputCache(root, client).folder(hash)
    // The manifest alone.
    expect(reads()).toBe(once + 1)
    for (const damaged of ['Content', 'content and more']) {
      writeFileSync(file, damaged)
      await createInputCache(root, client).folder(hash)
      expect(readFileSync(file, 'utf8')).toBe('content')
    }
  })

  it('are fetched again where another process removed them', async () => {
    const root = temporaryFolder()
    const { client, inputs } = server()
    const hash = inputs('content')
    const cache = createInputCache(root, client)
    const { rmSync } = await import('node:fs')
    rmSync(await cache.folder(hash), { recursive: true })
    expect(existsSync(path.join(await cache.folder(hash), 'sub/net.onnx'))).toBe(true)
  })

  it('are missing where the server has none or not all of their chunks', async () => {
    const { client, inputs, hashes } = server()
    const cache = createInputCache(temporaryFolder(), client)
    await expect(cache.folder('0'.repeat(64))).rejects.toMatchObject({ code: 'queue.inputMissing' })
    const hash = inputs('content')
    hashes.get(keys.input(sha256('content')))!.delete('1')
    await expect(cache.folder(hash)).rejects.toMatchObject({ code: 'queue.inputMissing' })
    hashes.get(keys.input(sha256('content')))!.set('chunks', Buffer.from('-1'))
    await expect(cache.folder(hash)).rejects.toMatchObject({ code: 'queue.inputMissing' })
  })

  it.each([
    ['a byte', 'Content'],
    ['its end', 'conten'],
    ['its size', 'content!']
  ])('are refused where %s is another', async (_what, other) => {
    const root = temporaryFolder()
    const { client, inputs, hashes, put } = server()
    const hash = inputs('content')
    hashes.set(keys.input(sha256('content')), hashes.get(keys.input(put(Buffer.from(other))))!)
    await expect(createInputCache(root, client).folder(hash)).rejects.toMatchObject({ code: 'queue.invalid' })
    expect(readdirSync(root)).toEqual([])
  })

  it('are refused where the manifest is another, none, or names a place outside or a file too large', async () => {
    const { client, put, manifest, hashes, inputs } = server()
    const cache = createInputCache(temporaryFolder(), client)
    const invalid = { code: 'queue.invalid' }
    await expect(cache.folder(put(Buffer.from('{"files":3}')))).rejects.toMatchObject(invalid)
    const swapped = inputs('a')
    hashes.set(keys.input(swapped), hashes.get(keys.input(inputs('b')))!)
    await expect(cache.folder(swapped)).rejects.toMatchObject(invalid)
    const outside = manifest([{ name: '../x', sha256: put(Buffer.from('a')), sizeBytes: 1 }])
    await expect(cache.folder(outside)).rejects.toMatchObject(invalid)
    const large = manifest([{ name: 'x', sha256: put(Buffer.from('a')), sizeBytes: 2 ** 50 }])
    await expect(cache.folder(large)).rejects.toMatchObject(invalid)
  })

  it('are kept for the 64 folders that were used last', async () => {
    const root = temporaryFolder()
    const { client, inputs } = server()
    const olds = Array.from({ length: 66 }, (_, at) => sha256(String(at)))
    for (const [at, old] of olds.entries()) {
      mkdirSync(path.join(root, old))
      utimesSync(path.join(root, old), 1000 + at, 1000 + at)
    }
    mkdirSync(path.join(root, 'something else'))
    const hash = inputs('content')
    await createInputCache(root, client).folder(hash)
    const kept = readdirSync(root)
    expect(kept.filter((name) => olds.includes(name)).sort()).toEqual(olds.slice(2).sort())
    expect(kept).toContain('something else')
    expect(kept).toContain(hash)
  })
})
