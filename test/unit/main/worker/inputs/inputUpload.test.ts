import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createInputUpload, inputChunkBytes } from '@main/worker/inputs/inputUpload'
import { connectionFault } from '@main/worker/queue/queueErrors'
import type { QueueServer } from '@main/worker/queue/queueServer'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bitbench-connect-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('files of a job', () => {
  it('that are gone are an error of the files, whatever their path looks like', async () => {
    // The words connect and socket in a path must not be taken for a lost connection, which is waited for.
    const file = path.join(folder, 'connect-4 socket TLS.onnx')
    const server = {
      client: { hexists: async () => 1, expire: async () => 1 },
      whenUp: async <T>(work: () => Promise<T>) => await work()
    } as unknown as QueueServer
    const upload = createInputUpload(server, () => 0)
    const reason: unknown = await upload
      .prepare('model.evaluate', {
        settings: {},
        folders: { network: [{ name: 'network.onnx', path: file }] },
        perHost: false
      })
      .catch((error: unknown) => error)
    expect(reason).toMatchObject({ code: 'input.notFound' })
    expect((reason as Error).message).toContain('ENOENT')
    expect(connectionFault(reason)).toBeNull()
  })

  it('that change between hash and sending are refused, and nothing of them stays on the server', async () => {
    const file = path.join(folder, 'data.bin')
    await writeFile(file, Buffer.alloc(3 * inputChunkBytes, 1))
    const stored = new Map<string, Map<string, Buffer>>()
    const of = (key: string) => stored.get(key) ?? stored.set(key, new Map()).get(key)!
    const client = {
      // The file changes once its hash was looked for.
      hexists: async () => {
        if (changing) await writeFile(file, Buffer.alloc(3 * inputChunkBytes, 2))
        return 0
      },
      hset: async (key: string, field: string, value: Buffer) => void of(key).set(field, Buffer.from(value)),
      del: async (key: string) => void stored.delete(key),
      expire: async () => 1
    }
    let changing = true
    const server = { client, whenUp: async <T>(work: () => Promise<T>) => await work() }
    const upload = createInputUpload(server as unknown as QueueServer, () => 0)
    const task = { settings: {}, folders: { data: [{ name: 'data.bin', path: file }] }, perHost: false }
    await expect(upload.prepare('model.evaluate', task)).rejects.toMatchObject({
      code: 'input.invalid',
      message: `${file} was changed while it was sent to the queue server.`
    })
    expect(stored.size).toBe(0)
    changing = false
    await upload.prepare('model.evaluate', task)
    const whole = [...stored.values()].find((fields) => fields.size === 4)!
    expect(whole.get('chunks')!.toString()).toBe('3')
    expect(whole.get('2')!.every((byte) => byte === 2)).toBe(true)
  })
})
