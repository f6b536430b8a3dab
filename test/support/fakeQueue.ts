import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { CodeIdentity } from '@main/worker/codeIdentity'
import { createInputCache } from '@main/worker/inputs/inputCache'
import { createInputUpload } from '@main/worker/inputs/inputUpload'
import { parseQueueAddress } from '@main/worker/queue/queueAddress'
import { createQueueConsumer, type AnyTaskPool, type QueueConsumer } from '@main/worker/queue/queueConsumer'
import { createQueueJobs, type QueueJobs } from '@main/worker/queue/queueJobs'
import { connectQueueServer, type QueueServer } from '@main/worker/queue/queueServer'
import type { InputFile, PackedTask, SharedTasks } from '@main/threads/sharedTask'

/** A machine that is not there: code and arithmetic of tests. */
export const testIdentity: CodeIdentity = {
  code: '0.0.0-test',
  arithmetic: 'x64-test',
  host: 'here',
  processor: 'test processor'
}

/** A task of tests: settings and folders arrive as the input. */
export interface FakeInput {
  readonly settings: unknown
  readonly folders: Readonly<Record<string, string>>
}

export const fakeTasks: SharedTasks = {
  'test.double': {
    pack: async () => null,
    unpack: (settings, folders): FakeInput => ({ settings, folders }),
    readOutput: (value) => value
  }
}

/** A packed task of numbers and files. */
export const packed = (settings: unknown, files: readonly InputFile[] = [], perHost = false): PackedTask => ({
  settings,
  folders: files.length === 0 ? {} : { files },
  perHost
})

/** One process that hands out jobs. */
export interface Owner {
  readonly server: QueueServer
  readonly jobs: QueueJobs
  run(settings: unknown, signal?: AbortSignal): Promise<unknown>
  close(): Promise<void>
}

let owners = 0

export async function openOwner(address: string, identity = testIdentity): Promise<Owner> {
  const server = await connectQueueServer(parseQueueAddress(address))
  const upload = createInputUpload(server, Date.now)
  const jobs = await createQueueJobs({
    server,
    upload,
    identity,
    ownerId: `owner-${++owners}`,
    nowMs: Date.now
  })
  return {
    server,
    jobs,
    run: (settings, signal) => jobs.run('test.double', packed(settings), signal),
    async close() {
      await jobs.close()
      server.close()
    }
  }
}

/** One process that works: `work` gets the input and a signal. */
export interface FakeWorker {
  readonly server: QueueServer
  readonly consumer: QueueConsumer
  close(): Promise<void>
}

export async function openWorker(
  address: string,
  work: (input: FakeInput, signal: AbortSignal) => unknown,
  options: { concurrency?: number; identity?: CodeIdentity; folder?: string } = {}
): Promise<FakeWorker> {
  const server = await connectQueueServer(parseQueueAddress(address))
  const folder = options.folder ?? mkdtempSync(path.join(os.tmpdir(), 'bitbench-inputs-'))
  const tasks: AnyTaskPool = {
    run: async (_name, input, { signal } = {}) => await work(input as FakeInput, signal!)
  }
  const consumer = await createQueueConsumer({
    server,
    tasks,
    shared: fakeTasks,
    names: ['test.double'],
    concurrency: options.concurrency ?? 1,
    inputs: createInputCache(folder, server.client),
    identity: options.identity ?? testIdentity,
    nowMs: Date.now
  })
  return {
    server,
    consumer,
    async close() {
      await consumer.close()
      server.close()
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true })
    }
  }
}
