import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { z } from 'zod'
import { createTextLines } from '../../core/text/lines'
import { AppError } from '../../shared/errors'
import {
  chunkBytes,
  lineOf,
  maxLineLength,
  orderSchema,
  readLine,
  remoteProtocol,
  remoteTasks,
  type reportSchema,
  type RemoteTask
} from './remoteProtocol'

type Say = (report: z.input<typeof reportSchema>) => Promise<void>

/** What the far side does with a task. */
export interface AgentWork {
  version: string
  machine: string
  nowMs(): number
  gpus(): Promise<{ driver: string | null; names: string[]; problem: string | null }>
  /**
   * Records, runs a workload or collects stage times, and writes what came out into a session file.
   * @returns the file, null where nothing came out, and how the work failed
   */
  perform(
    task: Exclude<RemoteTask, { kind: 'check' }>,
    control: {
      folder: string | null
      signal: AbortSignal
      output(stream: 'stdout' | 'stderr', text: string): void
      progress(done: number, total: number, unit: string, note: string): void
    }
  ): Promise<{ file: string | null; error: AppError | null }>
}

/**
 * Serves one task to the machine that started this process: sends a hello, returns pings, does what it is ordered and sends
 * the result. A channel that ends, an order to cancel and `stop` end the work; what came out until then is sent where it can be.
 *
 * @param write resolves when the channel took the text
 */
export async function serveRemote(
  work: AgentWork,
  incoming: AsyncIterable<string>,
  write: (text: string) => Promise<void>,
  stop: AbortSignal
): Promise<void> {
  const cancel = new AbortController()
  const signal = AbortSignal.any([cancel.signal, stop])
  let written: Promise<void> = Promise.resolve()
  // One after the other: texts that are appended to a file at the same time change places.
  const say: Say = (report) => (written = written.catch(() => undefined).then(() => write(lineOf(report))))
  const { version, machine } = work
  await say({ type: 'hello', protocol: remoteProtocol, version, machine, tasks: [...remoteTasks] })
  let serving: Promise<void> | undefined
  const obey = async (line: string, finished: () => void): Promise<void> => {
    const order = readLine(line, orderSchema)
    if (order?.type === 'ping') await say({ type: 'pong', id: order.id, atMs: work.nowMs() })
    if (order?.type === 'cancel') cancel.abort()
    if (order?.type !== 'run' || serving !== undefined) return
    serving = serve(work, order.task, order.folder, signal, (report) =>
      say(report.type === 'done' ? { ...report, isStopped: stop.aborted && !cancel.signal.aborted } : report)
    )
    void serving.then(finished)
  }
  await new Promise<void>((finished) => {
    stop.addEventListener('abort', () => finished(), { once: true })
    if (stop.aborted) finished()
    const listening = async (): Promise<void> => {
      const lines = createTextLines({ maxLength: maxLineLength })
      for await (const chunk of incoming) for (const line of lines.push(chunk)) await obey(line, finished)
    }
    // The other side has ended: there is no receiver for the result any more.
    void listening()
      .catch(() => undefined)
      .then(() => {
        cancel.abort()
        finished()
      })
  })
  await serving
}

async function serve(
  work: AgentWork,
  task: RemoteTask,
  folder: string | null,
  signal: AbortSignal,
  say: Say
): Promise<void> {
  // A report that cannot be sent is dropped: the end of what comes in ends the work.
  const offer = (report: Parameters<Say>[0]): void => void say(report).catch(() => undefined)
  try {
    await say({ type: 'gpus', ...(await work.gpus()) })
    if (task.kind === 'check') return await say({ type: 'done', sha256: null, error: null })
    const { file, error } = await work.perform(task, {
      ...{ folder, signal },
      output: (stream, text) => {
        // Lines stay below the longest one whatever a command prints at once.
        for (let at = 0; at < text.length; at += chunkBytes)
          offer({ type: 'output', stream, text: text.slice(at, at + chunkBytes) })
      },
      progress: (done, total, unit, note) => offer({ type: 'progress', done, total, unit, note })
    })
    const sha256 = file === null ? null : await sendFile(file, say)
    await say({ type: 'done', sha256, error: error?.toJSON() ?? null })
  } catch (reason) {
    await say({ type: 'done', sha256: null, error: AppError.from(reason).toJSON() }).catch(() => undefined)
  }
}

/** Sends a file in chunks and returns its SHA-256. */
async function sendFile(file: string, say: Say): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, { highWaterMark: chunkBytes })) {
    hash.update(chunk as Buffer)
    await say({ type: 'file', base64: (chunk as Buffer).toString('base64') })
  }
  return hash.digest('hex')
}
