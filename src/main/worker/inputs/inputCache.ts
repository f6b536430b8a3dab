import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import path from 'node:path'
import type { Redis } from 'ioredis'
import { readValue } from '../../../core/worker/valueJson'
import { AppError } from '../../../shared/errors'
import { maxInputBytes } from './inputUpload'
import { base64, keys, inputListSchema, sha256, type InputList } from '../queue/queueJob'

/** Folders of inputs kept on this machine, of this process and of others; the least recently used ones are removed. */
const maxFolders = 64

/** Inputs of jobs as folders on this machine, fetched from the server and checked by their hashes. */
export interface InputCache {
  /** Path of the folder with this manifest. @throws AppError queue.inputMissing, queue.invalid */
  folder(manifestHash: string): Promise<string>
}

/** @param root folder of this machine's inputs; several processes may use it at once */
export function createInputCache(root: string, client: Redis): InputCache {
  const ready = new Map<string, Promise<string>>()

  const make = async (hash: string): Promise<string> => {
    const manifest = readManifest(hash, await readText(client, hash))
    const target = path.join(root, hash)
    if (await isWhole(target, manifest)) {
      await markUsed(target)
      return target
    }
    const unfinished = path.join(root, `.${hash}.${randomBytes(6).toString('hex')}`)
    // A worker's data folder may begin here: networks of others are for this user alone.
    await mkdir(unfinished, { recursive: true, mode: 0o700 })
    try {
      for (const file of manifest.files) await fetchFile(client, file, path.join(unfinished, file.name))
      await rm(target, { recursive: true, force: true })
      await rename(unfinished, target).catch(async (reason: unknown) => {
        // Another process was faster.
        if (!(await isWhole(target, manifest))) throw reason
      })
    } finally {
      await rm(unfinished, { recursive: true, force: true })
    }
    await removeOld(root, new Set(ready.keys()))
    return target
  }

  return {
    folder(hash) {
      // Another process may have removed a folder that was not used for long.
      const found =
        ready.get(hash)?.then(async (target) => ((await markUsed(target)) ? target : make(hash))) ??
        make(hash)
      // At the end of the map: the least recently used one stands first.
      ready.delete(hash)
      ready.set(hash, found)
      found.catch(() => {
        if (ready.get(hash) === found) ready.delete(hash)
      })
      for (const oldest of ready.keys()) {
        if (ready.size <= maxFolders) break
        ready.delete(oldest)
      }
      return found
    }
  }
}

function readManifest(hash: string, text: string): InputList {
  if (sha256(text) !== hash) throw damaged(hash)
  const parsed = inputListSchema.safeParse(readValue(text, base64))
  if (!parsed.success) throw damaged(hash)
  return parsed.data
}

/** Dates a folder to now; false where it is gone. */
async function markUsed(folder: string): Promise<boolean> {
  const now = new Date()
  return await utimes(folder, now, now).then(
    () => true,
    () => false
  )
}

async function isWhole(folder: string, manifest: InputList): Promise<boolean> {
  try {
    for (const { name, sha256: hash, sizeBytes } of manifest.files) {
      const file = path.join(folder, name)
      if ((await stat(file)).size !== sizeBytes) return false
      const own = createHash('sha256')
      for await (const chunk of createReadStream(file)) own.update(chunk as Buffer)
      if (own.digest('hex') !== hash) return false
    }
    return (await stat(folder)).isDirectory()
  } catch {
    return false
  }
}

async function readText(client: Redis, hash: string): Promise<string> {
  const parts: Buffer[] = []
  for await (const chunk of chunksOf(client, hash)) parts.push(chunk)
  return Buffer.concat(parts).toString('utf8')
}

async function* chunksOf(client: Redis, hash: string): AsyncGenerator<Buffer> {
  const count = Number((await client.hget(keys.input(hash), 'chunks')) ?? NaN)
  if (!Number.isInteger(count) || count < 0) throw missing(hash)
  for (let at = 0; at < count; at++) {
    const chunk = await client.hgetBuffer(keys.input(hash), String(at))
    if (chunk === null) throw missing(hash)
    yield chunk
  }
}

async function fetchFile(client: Redis, file: InputList['files'][number], target: string): Promise<void> {
  if (file.sizeBytes > maxInputBytes) throw damaged(file.sha256)
  await mkdir(path.dirname(target), { recursive: true })
  const handle = await open(target, 'wx', 0o600)
  const hash = createHash('sha256')
  let sizeBytes = 0
  try {
    for await (const chunk of chunksOf(client, file.sha256)) {
      sizeBytes += chunk.length
      if (sizeBytes > file.sizeBytes) throw damaged(file.sha256)
      hash.update(chunk)
      await handle.writeFile(chunk)
    }
  } finally {
    await handle.close()
  }
  if (sizeBytes !== file.sizeBytes || hash.digest('hex') !== file.sha256) throw damaged(file.sha256)
}

async function removeOld(root: string, used: ReadonlySet<string>): Promise<void> {
  const names = (await readdir(root)).filter((name) => /^[0-9a-f]{64}$/.test(name) && !used.has(name))
  const listed = await Promise.all(
    names.map(async (name) => ({
      name,
      usedMs: (await stat(path.join(root, name)).catch(() => null))?.mtimeMs ?? 0
    }))
  )
  const old = listed.sort((one, other) => other.usedMs - one.usedMs).slice(maxFolders)
  for (const { name } of old) await rm(path.join(root, name), { recursive: true, force: true })
}

function missing(hash: string): AppError {
  return new AppError(
    'queue.inputMissing',
    `Input ${hash.slice(0, 12)} is no longer on the queue server.`,
    'It is sent again by itself; if this stays, start the work again.'
  )
}

function damaged(hash: string): AppError {
  return new AppError(
    'queue.invalid',
    `Input ${hash.slice(0, 12)} on the queue server is not what its hash says.`,
    'Remove the keys "bitbench:input:*" from the server; inputs are sent again.'
  )
}
