import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { AppError, isDiskFull } from '../../shared/errors'

/**
 * Lets `write` fill a temporary file beside `file`, syncs it and renames it into place: the file appears whole, and one
 * that was there before stays unchanged until then.
 *
 * @throws store.exportFailed (a full disk, a folder that cannot be written), or the AppError of `write`
 */
export async function replaceFile<T>(file: string, write: (unfinished: string) => Promise<T>): Promise<T> {
  const target = path.resolve(file)
  const folder = path.dirname(target)
  const unfinished = path.join(
    folder,
    `.${path.basename(target)}.${randomBytes(6).toString('hex')}.unfinished`
  )
  try {
    await mkdir(folder, { recursive: true })
    const result = await write(unfinished)
    await sync(unfinished)
    await rename(unfinished, target)
    return result
  } catch (cause) {
    await rm(unfinished, { force: true }).catch(() => undefined)
    throw writeError(target, cause)
  }
}

/**
 * Writes text or bytes as a whole file. `mode`: permissions from the first byte on, 0o600 for secrets.
 *
 * @throws store.exportFailed
 */
export async function writeWholeFile(
  file: string,
  content: string | Uint8Array,
  mode = 0o666
): Promise<void> {
  await replaceFile(file, async (unfinished) => {
    const handle = await open(unfinished, 'wx', mode)
    try {
      await handle.writeFile(content)
    } finally {
      await handle.close()
    }
  })
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The error of a file that could not be written: a full disk is named. An AppError is passed on. */
export function writeError(file: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause
  const text = cause instanceof Error ? cause.message : String(cause)
  const isFull = isDiskFull(text)
  return new AppError(
    'store.exportFailed',
    isFull
      ? `There is no space left on the disk for ${file}.`
      : `The file ${file} could not be written: ${text.split('\n', 1)[0] ?? text}`,
    isFull
      ? 'Free disk space, or choose another folder. A file that was there before is unchanged.'
      : 'Check that the folder exists and can be written. A file that was there before is unchanged.',
    { cause }
  )
}
