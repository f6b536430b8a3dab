import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { AppError } from '../../shared/errors'
import { writeWholeFile } from '../files/replaceFile'

const storedSchema = z.object({ folder: z.string().min(1), name: z.string().min(1), reuse: z.boolean() })

/** The shared folder of this user: where, under which name, and whether results of others are used. */
export type SharedSettings = z.infer<typeof storedSchema>

const fileIn = (dataFolder: string): string => path.join(dataFolder, 'shared.json')

/** Whether a folder lies behind DuckDB's httpfs: it is read only. */
export const isBucket = (folder: string): boolean => /^s3:\/\//i.test(folder)

/** Null where no folder is named. @throws AppError input.invalid */
export async function readSharedSettings(dataFolder: string): Promise<SharedSettings | null> {
  const text = await readFile(fileIn(dataFolder), 'utf8').catch(() => null)
  if (text === null) return null
  try {
    return storedSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new AppError(
      'input.invalid',
      `${fileIn(dataFolder)} is not readable as the settings of a shared folder.`,
      'Name the folder again with "bitbench shared use FOLDER", or remove the file.',
      { cause }
    )
  }
}

/** Keeps the settings in a file that only this user can read (0600); null removes it. */
export async function writeSharedSettings(
  dataFolder: string,
  settings: SharedSettings | null
): Promise<void> {
  const file = fileIn(dataFolder)
  if (settings === null) return await rm(file, { force: true })
  await writeWholeFile(file, JSON.stringify(settings), 0o600)
}
