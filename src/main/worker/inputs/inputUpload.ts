import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { writeValue } from '../../../core/worker/valueJson'
import { AppError } from '../../../shared/errors'
import { formatBytes } from '../../../shared/units'
import type { QueueServer } from '../queue/queueServer'
import type { InputFile, PackedTask } from '../../threads/sharedTask'
import { base64, keys, sha256, type JobData, type InputList } from '../queue/queueJob'

/** Bytes of one chunk on the server. */
export const inputChunkBytes = 2 ** 20
/** How long inputs stay on the server after they were last needed, s. */
const keptSeconds = 24 * 3600
/** Inputs used again are kept on at most this often, ms. */
const renewEveryMs = 10 * 60_000
/** Largest file that is sent through the server, bytes. */
export const maxInputBytes = 512 * 2 ** 20

/** Brings inputs to the server, each content once. */
export interface InputUpload {
  /**
   * The job of a packed task; its files are on the server afterwards.
   *
   * @throws AppError queue.tooLarge, input.notFound, input.invalid for a file that changes meanwhile
   */
  prepare(task: string, packed: PackedTask, signal?: AbortSignal): Promise<JobData>
  /** The server has lost inputs: they are sent again with the next job. */
  forget(): void
}

/** Returns the sender of inputs of this process. */
export function createInputUpload(server: QueueServer, nowMs: () => number): InputUpload {
  const hashes = new Map<string, Promise<string>>()
  const sentAtMs = new Map<string, number>()
  const sending = new Map<string, Promise<void>>()

  const hashOf = async ({ path }: InputFile): Promise<{ sha256: string; sizeBytes: number }> => {
    const { size, mtimeMs, ino } = await stat(path).catch((cause: unknown) => unreadable(path, cause))
    if (size > maxInputBytes) throw tooLarge(path, size)
    const state = `${path}\n${size} ${mtimeMs} ${ino}`
    let found = hashes.get(state)
    if (found === undefined) {
      found = hashFile(path).catch((cause: unknown) => unreadable(path, cause))
      hashes.set(state, found)
      found.catch(() => hashes.delete(state))
    }
    return { sha256: await found, sizeBytes: size }
  }

  /** Sends a content unless the server has it; two callers send it once. */
  const bring = (hash: string, send: () => Promise<void>): Promise<void> => {
    if ((sentAtMs.get(hash) ?? -Infinity) > nowMs() - renewEveryMs) return Promise.resolve()
    let running = sending.get(hash)
    if (running === undefined) {
      running = (async () => {
        const isThere = await server.client.hexists(keys.input(hash), 'chunks')
        if (isThere === 0) await send()
        await server.client.expire(keys.input(hash), keptSeconds)
        sentAtMs.set(hash, nowMs())
      })().finally(() => sending.delete(hash))
      sending.set(hash, running)
    }
    return running
  }

  const bringFolder = async (files: readonly InputFile[]): Promise<string> => {
    const listed = await Promise.all(files.map(async (file) => ({ file, ...(await hashOf(file)) })))
    for (const { file, sha256: hash } of listed) await bring(hash, () => sendFile(server, hash, file.path))
    const manifest: InputList = {
      files: listed
        .map(({ file, sha256: hash, sizeBytes }) => ({ name: file.name, sha256: hash, sizeBytes }))
        .sort((one, other) => (one.name < other.name ? -1 : 1))
    }
    const text = writeValue(manifest, base64)
    const hash = sha256(text)
    await bring(hash, () => sendChunks(server, 'The list of inputs', hash, [Buffer.from(text)]))
    return hash
  }

  return {
    async prepare(task, { settings, folders }, signal) {
      const hashed: Record<string, string> = {}
      for (const [role, files] of Object.entries(folders))
        hashed[role] = await server.whenUp(() => bringFolder(files), signal)
      return { task, settings: writeValue(settings, base64), folders: hashed }
    },
    forget: () => sentAtMs.clear()
  }
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

async function sendFile(server: QueueServer, hash: string, path: string): Promise<void> {
  const handle = await open(path, 'r').catch((cause: unknown) => unreadable(path, cause))
  try {
    await sendChunks(
      server,
      path,
      hash,
      handle.createReadStream({ highWaterMark: inputChunkBytes, autoClose: false })
    )
  } finally {
    await handle.close()
  }
}

/** Sends a content in chunks. @throws input.invalid where it is not the one that was hashed */
async function sendChunks(
  { client }: QueueServer,
  what: string,
  hash: string,
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>
): Promise<void> {
  const key = keys.input(hash)
  const sent = createHash('sha256')
  let count = 0
  for await (const chunk of chunks) {
    sent.update(chunk)
    await client.hset(key, String(count++), chunk)
    // Expires also when the sender ends half-way.
    if (count === 1) await client.expire(key, keptSeconds)
  }
  if (sent.digest('hex') !== hash) {
    await client.del(key)
    throw new AppError(
      'input.invalid',
      `${what} was changed while it was sent to the queue server.`,
      'Start the work again when nothing writes to the file any more.'
    )
  }
  await client.hset(key, 'chunks', String(count))
}

/** The text of a file's error names its path and could be taken for a fault of the connection, which is waited for. */
function unreadable(path: string, cause: unknown): never {
  throw new AppError(
    'input.notFound',
    `${path} cannot be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)}).`,
    'Check that the file is still there and that you may read it.',
    { cause }
  )
}

function tooLarge(path: string, sizeBytes: number): AppError {
  return new AppError(
    'queue.tooLarge',
    `${path} has ${formatBytes(sizeBytes)}; files of up to ${formatBytes(maxInputBytes)} are sent to workers.`,
    'Run without a queue server, or add a smaller data set.'
  )
}
