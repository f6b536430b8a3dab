import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../shared/errors'
import { formatBytes } from '../../shared/units'

/** Greatest size of one file that a browser sends. */
export const maxUploadBytes = 2 * 1024 ** 3
/** Greatest size of all files that browsers sent and that are still there. */
export const maxUploadsBytes = 16 * 1024 ** 3

/** One file as a browser sends it. */
export interface UploadedFile {
  /** Files of one group lie in one folder: a network beside its external data, a folder of pictures. */
  group: string
  /** Its path below the group's folder, with "/" between the parts. */
  name: string
  /** As announced; null when the sender does not say. */
  sizeBytes: number | null
  content: AsyncIterable<Uint8Array>
}

/** Files that browsers sent, in a folder that only this user can read. */
export interface Uploads {
  /**
   * Writes a file as it comes; a file that does not arrive whole leaves nothing behind.
   * @throws AppError input.invalid (name, size, one of that name is there), store.failed
   */
  receive(file: UploadedFile): Promise<{ path: string; folder: string; sizeBytes: number }>
  usage(): Promise<{ files: number; sizeBytes: number }>
  /** Deletes every group that holds none of these paths; returns how many files that were. */
  clear(keep: readonly string[]): Promise<number>
}

/** Opens the folder of uploads below the data folder; nothing is created before the first file comes. */
export function createUploads(
  uploadsFolder: string,
  limits: { fileBytes?: number; totalBytes?: number } = {}
): Uploads {
  const { fileBytes = maxUploadBytes, totalBytes = maxUploadsBytes } = limits
  // The data folder may be named by a relative path; the paths of files in use are absolute.
  const folder = path.resolve(uploadsFolder)
  /** Bytes of all files, counted once from the disk and kept up to date. */
  let heldBytes: Promise<number> | undefined
  const held = (): Promise<number> => (heldBytes ??= measure(folder).then(({ sizeBytes }) => sizeBytes))
  /** Chained, not awaited in between: of two files that end together both count. */
  const add = (bytes: number): Promise<number> => (heldBytes = held().then((before) => before + bytes))
  /** Bytes of files that are on their way. */
  let comingBytes = 0

  const receive = async (
    file: UploadedFile
  ): Promise<{ path: string; folder: string; sizeBytes: number }> => {
    const groupFolder = path.join(folder, checkGroup(file.group))
    const target = path.join(groupFolder, ...partsOf(file.name))
    const room = Math.min(fileBytes, totalBytes - (await held()) - comingBytes)
    if (file.sizeBytes !== null && file.sizeBytes > room) throw tooLarge(file, fileBytes, totalBytes)
    await mkdir(path.dirname(target), { recursive: true, mode: 0o700 })
    if ((await stat(target).catch(() => null)) !== null) throw alreadyThere(file.name)
    // Written under a temporary name: a file under its real name is always whole.
    const partial = path.join(groupFolder, `.${randomUUID()}.part`)
    let written = 0
    try {
      const handle = await open(partial, 'wx', 0o600)
      try {
        for await (const chunk of file.content) {
          written += chunk.length
          comingBytes += chunk.length
          // Other files may have arrived meanwhile.
          if (written > fileBytes || (await held()) + comingBytes > totalBytes)
            throw tooLarge(file, fileBytes, totalBytes)
          await handle.writeFile(chunk)
        }
      } finally {
        await handle.close()
      }
      if (file.sizeBytes !== null && written !== file.sizeBytes) throw cutShort(file, written)
      await rename(partial, target)
      await add(written)
      return { path: target, folder: groupFolder, sizeBytes: written }
    } catch (cause) {
      await rm(partial, { force: true })
      throw cause instanceof AppError ? cause : writeFailed(file.name, cause)
    } finally {
      comingBytes -= written
    }
  }

  return {
    receive,
    usage: () => measure(folder),
    async clear(keep) {
      let deleted = 0
      for (const group of await readdir(folder).catch(() => [])) {
        const place = path.join(folder, group)
        if (keep.some((kept) => kept.startsWith(place + path.sep))) continue
        deleted += (await measure(place)).files
        await rm(place, { recursive: true, force: true })
      }
      heldBytes = undefined
      return deleted
    }
  }
}

async function measure(folder: string): Promise<{ files: number; sizeBytes: number }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  let sizeBytes = 0
  let files = 0
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const found = await stat(path.join(entry.parentPath, entry.name)).catch(() => null)
    files += 1
    sizeBytes += found?.size ?? 0
  }
  return { files, sizeBytes }
}

function checkGroup(group: string): string {
  if (/^[\w-]{8,64}$/.test(group)) return group
  throw new AppError('input.invalid', 'The upload has no valid group.', 'Reload the page and send it again.')
}

const maxDepth = 12
const unsafe = /[\u0000-\u001f\u007f\\:*?"<>|]/

/** The parts of a name that stays below its folder. @throws AppError input.invalid */
function partsOf(name: string): string[] {
  const parts = name.split('/')
  const isGood = (part: string): boolean =>
    part !== '' && !/^\.+$/.test(part) && !unsafe.test(part) && Buffer.byteLength(part) <= 200
  if (parts.length <= maxDepth && parts.every(isGood)) return parts
  throw new AppError(
    'input.invalid',
    `${JSON.stringify(name.slice(0, 120))} cannot be the name of a file here.`,
    'Rename it: letters, digits, spaces, dots, underscores and minus are always taken.'
  )
}

const tooLarge = (file: UploadedFile, fileBytes: number, totalBytes: number): AppError =>
  new AppError(
    'input.invalid',
    file.sizeBytes !== null && file.sizeBytes <= fileBytes
      ? `${file.name} does not fit: uploads hold ${formatBytes(totalBytes)} together.`
      : `${file.name} is larger than ${formatBytes(fileBytes)}.`,
    'Delete uploads on the Settings page, or copy the file to the machine that runs Bitbench and type its path.'
  )

const alreadyThere = (name: string): AppError =>
  new AppError('input.invalid', `${name} was sent already.`, 'Send each file of a group once.')

const cutShort = (file: UploadedFile, written: number): AppError =>
  new AppError(
    'input.invalid',
    `${file.name} came to ${formatBytes(written)} of ${formatBytes(file.sizeBytes ?? 0)}.`,
    'Send it again.'
  )

const writeFailed = (name: string, cause: unknown): AppError =>
  new AppError(
    'store.failed',
    `${name} could not be stored (${(cause as NodeJS.ErrnoException).code ?? String(cause)}).`,
    'Check that the disk of the data folder has room, then send it again.',
    { cause }
  )
