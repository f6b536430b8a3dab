import { constants, type Stats } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { AppError } from '../../shared/errors'
import { formatBytes } from '../../shared/units'

/** Limits of reading a file. */
export interface ReadOptions {
  /** Largest file that is read; default 1 GiB. */
  maxBytes?: number
  /** How long opening and reading may take together, ms; default 60 s. A share that hangs must not hang its caller. */
  timeoutMs?: number
  signal?: AbortSignal
}

const chunkBytes = 1024 * 1024

/**
 * The content of a file that a request names. Only regular files are read: a pipe or a terminal would hold one of the
 * few threads that open files until somebody writes to it, and a device may never end.
 *
 * @throws input.notFound (no such file, no permission), input.invalid (no regular file, too large), tool.failed (took
 * too long), job.cancelled
 */
export async function readRegularFile(file: string, options: ReadOptions = {}): Promise<Buffer> {
  const { maxBytes = 1024 ** 3, timeoutMs = 60_000, signal } = options
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), timeoutMs)
  const stop = signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal])
  try {
    return await untilAborted(readWhole(file, maxBytes, stop), stop)
  } catch (cause) {
    if (signal?.aborted === true)
      throw new AppError(
        'job.cancelled',
        `Reading ${file} was cancelled.`,
        'Start it again when you want its result.'
      )
    if (limit.signal.aborted)
      throw new AppError(
        'tool.failed',
        `${file} could not be read within ${timeoutMs / 1000} s.`,
        'If it lies on a network share, check that the share can be reached; else copy the file to this machine.'
      )
    throw cause
  } finally {
    clearTimeout(timer)
  }
}

async function readWhole(file: string, maxBytes: number, stop: AbortSignal): Promise<Buffer> {
  // Without O_NONBLOCK, opening a FIFO waits for its writer; O_NOCTTY keeps a terminal from becoming ours.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)
  const handle = await open(file, flags).catch((cause: NodeJS.ErrnoException) => {
    throw openFailed(file, cause)
  })
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw notRegular(file, stat)
    if (stat.size > maxBytes) throw tooLarge(file, stat.size, maxBytes)
    return await readChunks(file, handle, stat.size, maxBytes, stop)
  } finally {
    await handle.close()
  }
}

/** Reads to the end, wherever it is: files of /proc say 0 bytes, and a file may grow while it is read. */
async function readChunks(
  file: string,
  handle: FileHandle,
  expectedBytes: number,
  maxBytes: number,
  stop: AbortSignal
): Promise<Buffer> {
  let content = Buffer.allocUnsafe(expectedBytes + 1)
  let length = 0
  for (;;) {
    stop.throwIfAborted()
    if (length === content.length) {
      if (length > maxBytes) throw tooLarge(file, length, maxBytes)
      content = Buffer.concat([content], 2 * content.length + chunkBytes)
    }
    const { bytesRead } = await handle
      .read(content, length, Math.min(16 * chunkBytes, content.length - length))
      .catch((cause: NodeJS.ErrnoException) => {
        throw openFailed(file, cause)
      })
    if (bytesRead === 0) return content.subarray(0, length)
    length += bytesRead
  }
}

function untilAborted<T>(work: Promise<T>, stop: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new Error('aborted'))
    stop.addEventListener('abort', onAbort, { once: true })
    if (stop.aborted) onAbort()
    work.then(resolve, reject).finally(() => stop.removeEventListener('abort', onAbort))
  })
}

function openFailed(file: string, cause: NodeJS.ErrnoException): AppError {
  if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR')
    return new AppError('input.notFound', `There is no file ${file}.`, 'Check the path.', { cause })
  if (cause.code === 'ENXIO') return notRegular(file)
  return new AppError(
    'input.notFound',
    `${file} cannot be read (${cause.code ?? cause.message}).`,
    'Check that you may read it.',
    { cause }
  )
}

function notRegular(file: string, stat?: Stats): AppError {
  const what =
    stat?.isDirectory() === true
      ? 'a folder'
      : stat?.isFIFO() === true
        ? 'a pipe'
        : stat?.isCharacterDevice() === true || stat?.isBlockDevice() === true
          ? 'a device'
          : 'no regular file'
  return new AppError('input.invalid', `${file} is ${what}.`, 'Give the path of a regular file.')
}

function tooLarge(file: string, sizeBytes: number, maxBytes: number): AppError {
  return new AppError(
    'input.invalid',
    `${file} has ${formatBytes(sizeBytes)}; at most ${formatBytes(maxBytes)} are read here.`,
    'Check that it is the right file.'
  )
}
