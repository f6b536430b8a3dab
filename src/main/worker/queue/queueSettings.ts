import { mkdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { AppError } from '../../../shared/errors'
import { writeWholeFile } from '../../files/replaceFile'

const storedSchema = z.object({ address: z.string(), caFile: z.string().nullable().default(null) })

/** Address of the queue server with its secrets. Never log it. */
export type QueueSettings = z.infer<typeof storedSchema>

/** Environment variable with the address; goes before the file. */
export const queueVariable = 'BITBENCH_QUEUE'
/** Environment variable with the file of the certificate authority of that address. */
export const queueCaVariable = 'BITBENCH_QUEUE_CA'

const fileIn = (dataFolder: string): string => path.join(dataFolder, 'queue.json')

/** The address of this user: of the environment, else of the file; null where there is none. */
export async function readQueueSettings(
  dataFolder: string,
  environment: NodeJS.ProcessEnv = process.env
): Promise<QueueSettings | null> {
  const named = environment[queueVariable]
  if (named !== undefined && named !== '') {
    const caFile = environment[queueCaVariable]
    return { address: named, caFile: caFile === undefined || caFile === '' ? null : path.resolve(caFile) }
  }
  const text = await readFile(fileIn(dataFolder), 'utf8').catch(() => null)
  if (text === null) return null
  const parsed = storedSchema.safeParse(parse(text))
  if (parsed.success) return parsed.data
  throw new AppError(
    'input.invalid',
    `${fileIn(dataFolder)} is not readable as the address of a queue server.`,
    'Name the server again with "bitbench worker --remember", or remove the file.'
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Keeps an address in a file that only this user can read (0600); null removes it. */
export async function writeQueueSettings(dataFolder: string, settings: QueueSettings | null): Promise<void> {
  const file = fileIn(dataFolder)
  if (settings === null) return await rm(file, { force: true })
  // The data folder may not be there yet; it is of this user alone, whatever makes it first.
  await mkdir(dataFolder, { recursive: true, mode: 0o700 })
  await writeWholeFile(file, JSON.stringify(settings), 0o600)
}
