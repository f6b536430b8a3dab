import { AppError } from '../../shared/errors'
import { onnxFileOf } from './process/runnerCommand'
import type { WorkloadRecord } from './workloadRecord'

/** Where networks lie, and their hashes. */
export interface NetworkContent {
  readonly networksFolder: string
  /** Hash of a network's file and its data, as models are known by; null where it cannot be had. */
  contentId(file: string): Promise<string | null>
}

/**
 * A run that goes on measures the network that it began with: figures of two networks would stand in one table.
 * @throws job.notResumable when the file holds another one now
 */
export async function requireSameNetwork(
  { request, contentId, steps }: Pick<WorkloadRecord, 'request' | 'contentId' | 'steps'>,
  content: NetworkContent
): Promise<void> {
  const file = onnxFileOf(request.runner, content.networksFolder)
  if (file === null || contentId === null || steps.length === 0) return
  const now = await content.contentId(file)
  // A file that cannot be read is the runner's error to report.
  if (now === null || now === contentId) return
  throw new AppError(
    'job.notResumable',
    `${file} has changed since this run began (content ${contentId}, now ${now}).`,
    'Put the former file back, or start a new run.'
  )
}
