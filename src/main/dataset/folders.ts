import { lstat, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { AppError } from '../../shared/errors'

/** A file below a folder. */
export interface FoundFile {
  /** Absolute. */
  readonly file: string
  /** Below the root, with forward slashes. */
  readonly name: string
  readonly isRegular: boolean
}

const deepest = 8

/** Files below a folder in a fixed order (by code units of their names); linked folders are not followed. */
export async function* filesBelow(root: string, below = '', depth = 0): AsyncGenerator<FoundFile> {
  if (depth > deepest) return
  const entries = (await readdir(path.join(root, below))).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  for (const entry of entries) {
    if (entry.startsWith('.')) continue
    const name = below === '' ? entry : `${below}/${entry}`
    const file = path.join(root, name)
    const own = await lstat(file)
    if (own.isDirectory()) yield* filesBelow(root, name, depth + 1)
    else yield { file, name, isRegular: own.isFile() || (own.isSymbolicLink() && (await isFile(file))) }
  }
}

async function isFile(file: string): Promise<boolean> {
  return (await stat(file).catch(() => null))?.isFile() ?? false
}

/** What a path is. @throws AppError data.missing, data.invalid for devices and pipes */
export async function kindOf(target: string): Promise<'file' | 'folder'> {
  const found = await stat(target).catch((cause: NodeJS.ErrnoException) => {
    const isAbsent = cause.code === 'ENOENT' || cause.code === 'ENOTDIR'
    throw new AppError(
      'data.missing',
      isAbsent ? `There is no file or folder ${target}.` : `${target} cannot be read.`,
      isAbsent
        ? 'Check the path; it is looked for on the machine that runs Bitbench.'
        : 'Check that you may read it.',
      { cause }
    )
  })
  if (found.isDirectory()) return 'folder'
  if (found.isFile()) return 'file'
  throw new AppError('data.invalid', `${target} is neither a file nor a folder.`, 'Name a file or a folder.')
}
