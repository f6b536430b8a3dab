import { jobSchema, type Job } from '../../../shared/contract/job'
import type { CommandInput, CommandName, CommandOutput } from '../../../shared/contract'
import { AppError } from '../../../shared/errors'
import type { Bitbench } from '../../compose'
import type { CliContext } from './framework'

/**
 * The contract as the command line uses it: the very commands the window sends, in this process. What a verb can do,
 * a page can do, and the other way round.
 */
export interface LocalClient {
  call<K extends CommandName>(name: K, input: CommandInput<K>): Promise<CommandOutput<K>>
  /**
   * Follows a job to its end; `onProgress` is called on every change. Cancels the job when `signal` is aborted.
   * @throws the job's own AppError when it failed or was cancelled; host.disconnected when the host that runs it is gone
   */
  finish(jobId: string, onProgress?: (job: Job) => void): Promise<void>
}

/** Returns the client of a verb: of the host that runs on its data file, or of the services in this process. */
export const clientOf = async (context: CliContext): Promise<LocalClient> =>
  createLocalClient(await context.bitbench(), context.signal)

/** Returns a client of the services in this process. */
export function createLocalClient(
  bitbench: Pick<Bitbench, 'dispatch' | 'events'>,
  signal: AbortSignal
): LocalClient {
  const unhurried = { signal: new AbortController().signal }
  const cancelJobs = async (): Promise<void> => {
    const reply = await bitbench.dispatch('job.list', {}, unhurried)
    if (!reply.ok) return
    for (const { id, finishedAtMs } of (reply.value as CommandOutput<'job.list'>).jobs)
      if (finishedAtMs === null) await bitbench.dispatch('job.cancel', { id }, unhurried)
  }
  const call = async <K extends CommandName>(name: K, input: CommandInput<K>): Promise<CommandOutput<K>> => {
    // A command may wait for a job that it has started itself: all jobs of this process belong to the verb that is stopped.
    const stop = (): void => void cancelJobs()
    signal.addEventListener('abort', stop, { once: true })
    try {
      const reply = await bitbench.dispatch(name, input, { signal })
      if (!reply.ok) throw AppError.from(reply.error)
      return reply.value as CommandOutput<K>
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }
  return {
    call,
    async finish(jobId, onProgress) {
      const cancel = (): void => void call('job.cancel', { id: jobId }).catch(() => undefined)
      signal.addEventListener('abort', cancel, { once: true })
      let stop: () => void = () => undefined
      try {
        const ended = await new Promise<Job>((resolve, reject) => {
          const hear = (job: Job): void => {
            if (job.id !== jobId) return
            onProgress?.(job)
            if (job.finishedAtMs !== null) resolve(job)
          }
          stop = bitbench.events.listen(({ event, payload }) => {
            if (event === 'job.changed') hear(jobSchema.parse(payload))
          }, reject)
          // It may have ended before we listened.
          call('job.list', {}).then(({ jobs }) => jobs.forEach(hear), reject)
          if (signal.aborted) cancel()
        })
        if (ended.error !== null) throw AppError.from(ended.error)
      } finally {
        stop()
        signal.removeEventListener('abort', cancel)
      }
    }
  }
}

/**
 * The network that ships with Bitbench and that verbs use where none is named.
 * @throws data.missing in a copy without models
 */
export async function shippedModelId(client: LocalClient): Promise<string> {
  const { models } = await client.call('model.list', {})
  const shipped = models.find((model) => model.shipped && model.name.startsWith('lenet5')) ?? models[0]
  if (shipped === undefined) {
    throw new AppError(
      'data.missing',
      'No model is shipped with this copy.',
      'Name one with --model FILE.onnx.'
    )
  }
  return shipped.id
}

/** A one-line progress report for a terminal: overwritten in place on a TTY, one line per tenth otherwise. */
export function createProgressLine(
  log: (line: string) => void,
  stream: NodeJS.WriteStream
): (job: Job) => void {
  let shownTenth = -1
  let shownText = ''
  return (job) => {
    const share = job.total > 0 ? job.done / job.total : 0
    const timeLeft = job.remainingMs === null ? '' : `, ${Math.ceil(job.remainingMs / 1000)} s left`
    // Before a job knows how much there is, a count of nothing says nothing.
    const amount = job.total > 0 ? `${Math.round(job.done)}/${job.total} ${job.unit}` : ''
    const said = [`${amount}${timeLeft}`, job.note].join(' ').trimStart()
    const text = said === '' ? `  ${job.title} …` : `  ${job.title}: ${said}`
    const isLast = job.finishedAtMs !== null
    if (stream.isTTY) {
      const width = Math.max(20, (stream.columns ?? 80) - 1)
      stream.write(`\r\u001b[2K${text.slice(0, width)}${isLast ? '\n' : ''}`)
      return
    }
    const tenth = Math.floor(share * 10)
    // A job that fails at once ends with the very line it began with.
    // Without a total the note is all that changes.
    if (text === shownText || (tenth === shownTenth && job.total > 0 && !isLast)) return
    shownTenth = tenth
    shownText = text
    log(text)
  }
}
