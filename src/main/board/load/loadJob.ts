import { AppError } from '../../../shared/errors'
import type { JobContext, JobService } from '../../jobs/jobService'
import { type LoadOptions, type LoadOutcome, loadOver } from './boardLoads'
import type { Held } from '../boardRegistry'
import type { BoardSession } from '../boardSession'
import type { LoadRecords } from './loadRecords'

/** An image to load, and how. */
export type LoadOrder = Omit<LoadOptions, 'signal' | 'onProgress'>

/** Carries an image over a leased line; a boot loader that brought up a monitor has made a Bitbench board of it. */
export async function carry(
  session: BoardSession,
  order: LoadOrder,
  context: Pick<JobContext, 'signal'> & { onProgress: (doneBytes: number, note: string) => void }
): Promise<LoadOutcome> {
  const outcome = await loadOver(session, { ...order, ...context })
  if (order.loader !== 'monitor' && order.start) await session.hello().catch(() => undefined)
  return outcome
}

/** Starts a load over a board's line as a Job, noted in its console and among the loads. */
export function startLoadJob(
  held: Held,
  order: LoadOrder,
  deps: { jobs: JobService; nowMs: () => number; records: LoadRecords }
): { jobId: string } {
  const { image, loader } = order
  const { connection, console: log, entry } = held
  const startedMs = deps.nowMs()
  const job = deps.jobs.start({
    kind: 'board.load',
    title: `Load ${image.name} into ${entry.id} (${loader})`,
    unit: 'bytes',
    total: image.sizeBytes,
    run: (context) =>
      connection.withLease(`load of ${image.name}`, async (session) => {
        log.note(`loading ${image.name} with ${loader}`)
        const onProgress = (done: number, note: string): void => context.progress(done, image.sizeBytes, note)
        const { crc32, result } = await carry(session, order, { signal: context.signal, onProgress })
        const { name: fileName, sizeBytes } = image
        // Noted before the job ends: who waits for the job finds its result.
        deps.records.add(
          { jobId: context.id, boardId: entry.id, fileName, loader, sizeBytes, crc32, result },
          startedMs
        )
        log.note(`${image.name}: ${result}`)
      })
  })
  job.result.catch((error: unknown) => log.note(`${image.name}: ${AppError.from(error).message}`))
  return { jobId: job.jobId }
}
