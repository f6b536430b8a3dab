import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { readCoordinator } from '../../core/lab/labAddress'
import { AppError } from '../../shared/errors'
import { writeWholeFile } from '../files/replaceFile'

/** labgrid's own variable with the address of the coordinator; goes before the file. */
export const coordinatorVariable = 'LG_COORDINATOR'

const storedSchema = z.object({ coordinator: z.string() })
const fileIn = (dataFolder: string): string => path.join(dataFolder, 'lab.json')

/** HOST:PORT of this user's coordinator and whether a file keeps it; null: none is named. @throws AppError input.invalid */
export async function readLabSettings(
  dataFolder: string,
  environment: NodeJS.ProcessEnv = process.env
): Promise<{ coordinator: string; kept: boolean } | null> {
  const named = environment[coordinatorVariable]
  if (named !== undefined && named !== '') return { coordinator: readCoordinator(named), kept: false }
  const content = await readFile(fileIn(dataFolder), 'utf8').catch(() => null)
  if (content === null) return null
  try {
    return { coordinator: readCoordinator(storedSchema.parse(JSON.parse(content)).coordinator), kept: true }
  } catch (cause) {
    throw new AppError(
      'input.invalid',
      `${fileIn(dataFolder)} is not readable as the address of a coordinator.`,
      'Name it again with "bitbench lab use HOST", or remove the file.',
      { cause }
    )
  }
}

/** Keeps an address in a file that only this user can read (0600); null removes it. */
export async function writeLabSettings(dataFolder: string, coordinator: string | null): Promise<void> {
  const file = fileIn(dataFolder)
  if (coordinator === null) return await rm(file, { force: true })
  await writeWholeFile(file, JSON.stringify({ coordinator }), 0o600)
}
