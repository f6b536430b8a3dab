import { constants } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { fileKindOfSigns, isElfProgram } from '../../core/file/fileKind'
import type { InspectedFile } from '../../shared/contract/file'
import { AppError } from '../../shared/errors'
import { hostPath } from './homePath'

/** Enough for a header line and for the column names at the end of a Parquet file. */
const signBytes = 64 * 1024

/**
 * What is at a path and what it can be used for. Only folders and regular files: a pipe or a device is refused unread.
 * @throws AppError input.notFound (nothing there, no right to read), input.invalid (relative, neither file nor folder)
 */
export async function inspectPath(text: string): Promise<InspectedFile> {
  const file = hostPath(text)
  if (file.includes('\0') || !path.isAbsolute(file)) {
    throw new AppError(
      'input.invalid',
      `${JSON.stringify(text)} is not a whole path.`,
      'Begin it with / (on Windows with a drive), or with ~ for the home folder.'
    )
  }
  const found = await stat(file).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(file, cause)
  })
  const name = path.basename(file)
  if (found.isDirectory())
    return { path: file, name, kind: 'dataset', isFolder: true, isElf: false, sizeBytes: 0 }
  if (!found.isFile()) throw notRegular(file)
  const bytes = await readSigns(file)
  const kind = fileKindOfSigns({ name, isFolder: false, bytes, sizeBytes: found.size })
  return { path: file, name, kind, isFolder: false, isElf: isElfProgram(bytes), sizeBytes: found.size }
}

async function readSigns(file: string): Promise<Uint8Array> {
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)
  const handle = await open(file, flags).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(file, cause)
  })
  try {
    return await readPart(handle, file)
  } finally {
    await handle.close()
  }
}

async function readPart(handle: FileHandle, file: string): Promise<Uint8Array> {
  const now = await handle.stat()
  // It may have been replaced since it was looked at.
  if (!now.isFile()) throw notRegular(file)
  const from = file.toLowerCase().endsWith('.parquet') ? Math.max(0, now.size - signBytes) : 0
  const { buffer, bytesRead } = await handle
    .read(Buffer.alloc(signBytes), 0, signBytes, from)
    .catch((cause: NodeJS.ErrnoException) => {
      throw unreadable(file, cause)
    })
  return buffer.subarray(0, bytesRead)
}

function unreadable(file: string, cause: NodeJS.ErrnoException): AppError {
  const isAbsent = cause.code === 'ENOENT' || cause.code === 'ENOTDIR'
  return new AppError(
    'input.notFound',
    isAbsent
      ? `There is no file or folder ${file}.`
      : `${file} cannot be read (${cause.code ?? cause.message}).`,
    isAbsent
      ? 'Check the path; it is looked for on the machine that runs Bitbench.'
      : 'Check that you may read it.',
    { cause }
  )
}

const notRegular = (file: string): AppError =>
  new AppError(
    'input.invalid',
    `${file} is neither a file nor a folder.`,
    'Name a file or a folder, not a device, pipe or socket.'
  )
