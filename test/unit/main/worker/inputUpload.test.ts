import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createInputUpload } from '@main/worker/inputUpload'
import { connectionFault } from '@main/worker/queueErrors'
import type { QueueServer } from '@main/worker/queueServer'

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
})
