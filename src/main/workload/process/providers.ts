import { z } from 'zod'
import { AppError } from '../../../shared/errors'
import { lastLine, programOutput } from './programOutput'
import type { SpawnRunner } from './runnerProcess'

/** What `workloadRunner --providers` prints, one line for each execution provider. */
const trialSchema = z.object({
  provider: z.string(),
  /** Why it cannot be used; null when it opens a network. */
  reason: z.string().nullable()
})

/** What trying an execution provider of onnxruntime gave. */
export type ProviderTrial = z.infer<typeof trialSchema>

/** Loading the libraries of a GPU from a slow disk. */
const withinMs = 60_000

/**
 * Tries the execution providers of onnxruntime in a process of their own: their libraries print to stderr, block, and
 * may end the process that loads them.
 *
 * @throws tool.failed when not a single provider was tried
 */
export async function tryProviders(spawn: SpawnRunner, runnerFile: string): Promise<ProviderTrial[]> {
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' }
  const { code, out, errors } = await programOutput(spawn, process.execPath, [runnerFile, '--providers'], {
    withinMs,
    env
  })
  const trials = out.split('\n').flatMap((line) => readTrial(line))
  if (trials.length > 0) return trials
  throw new AppError(
    'tool.failed',
    `onnxruntime could not be tried: ${lastLine(errors) || `its process ended with ${code}`}.`,
    'This copy of Bitbench is incomplete: install it again.'
  )
}

/** Libraries print to stdout too; what is no trial is skipped. */
function readTrial(line: string): ProviderTrial[] {
  try {
    const found = trialSchema.safeParse(JSON.parse(line))
    return found.success ? [found.data] : []
  } catch {
    return []
  }
}
