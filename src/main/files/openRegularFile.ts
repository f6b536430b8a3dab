import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { AppError } from '../../shared/errors'

/**
 * Opens a file a person named for reading. A FIFO, a terminal or a device is refused instead of waited for.
 * @throws AppError data.missing, data.invalid
 */
export async function openRegular(file: string): Promise<{ handle: FileHandle; sizeBytes: number }> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
    throw new AppError(
      'data.missing',
      `${file} cannot be read.`,
      'Check the path and your right to read it.',
      { cause }
    )
  })
  const stat = await handle.stat()
  if (stat.isFile()) return { handle, sizeBytes: stat.size }
  await handle.close()
  throw new AppError(
    'data.invalid',
    `${file} is no regular file.`,
    'Name a file, not a device, pipe or folder.'
  )
}
