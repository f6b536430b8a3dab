import { remoteContract } from '../../../shared/contract/remote'
import { AppError } from '../../../shared/errors'
import { originText } from '../../../shared/text/remoteText'
import { type CliContext } from '../framework/framework'
import { createLocalClient, createProgressLine, type LocalClient } from '../framework/localClient'

/** Runs that came from a host, and where they were made, in words. */
export interface ArrivedRuns {
  runIds: string[]
  made: string[]
  /** False where the work there failed or was cancelled; what came out of it is here. */
  isWhole: boolean
}

/**
 * Starts work on a GPU host and follows it until its runs are here; what is printed there is printed here.
 * @throws AppError of the job where no run came
 */
export async function followOnHost(
  context: CliContext,
  start: (client: LocalClient) => Promise<{ jobId: string }>
): Promise<ArrivedRuns> {
  const bitbench = await context.bitbench()
  const client = createLocalClient(bitbench, context.signal)
  // With --json, stdout is one document.
  const stdout = context.json ? process.stderr : process.stdout
  let jobId: string | undefined
  const stop = bitbench.events.listen(
    ({ event, payload }) => {
      if (event !== 'remote.output') return
      const { jobId: of, stream, text } = remoteContract.events['remote.output'].parse(payload)
      if (of === jobId) (stream === 'stdout' ? stdout : process.stderr).write(text)
    },
    () => undefined
  )
  try {
    ;({ jobId } = await start(client))
    const failure = await client.finish(jobId, createProgressLine(context.log, process.stderr)).then(
      () => null,
      (reason: unknown) => AppError.from(reason)
    )
    const { origins } = await createLocalClient(bitbench, new AbortController().signal).call(
      'remote.origins',
      {
        jobId
      }
    )
    if (failure !== null && origins.length === 0) throw failure
    if (failure !== null) context.log(`${failure.message} What came out is kept.`)
    return {
      runIds: origins.map(({ runId }) => runId),
      made: origins.map((origin) => `Made on ${originText(origin)}`),
      isWhole: failure === null
    }
  } finally {
    stop()
  }
}

/** Follows a run of this machine to its end and says how it is resumed; one that is cancelled keeps what it has. */
export async function followHere(
  client: LocalClient,
  { id, jobId }: { id: string; jobId: string },
  what: string,
  context: CliContext
): Promise<void> {
  context.log(`${what} ${id}; if it is interrupted: bitbench run resume ${id}`)
  await client.finish(jobId, createProgressLine(context.log, process.stderr)).catch((reason: unknown) => {
    if (!context.signal.aborted) throw reason
  })
}

/** The option of verbs that can run elsewhere. */
export const hostOption = {
  host: { type: 'string', help: 'run on this GPU host (bitbench remote add)', valueName: 'NAME' }
} as const
