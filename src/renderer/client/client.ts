import {
  commands,
  events,
  type CommandInput,
  type CommandName,
  type CommandOutput,
  type EventName,
  type EventPayload
} from '@shared/contract/index'
import type { CommandContract } from '@shared/contract/framework/define'
import type { Job } from '@shared/contract/job'
import { uploadReplySchema, type UploadReply } from '@shared/contract/framework/transport'
import { AppError, isAppErrorJson } from '@shared/errors'
import type { z } from 'zod'

export type { CommandInput, CommandName, CommandOutput, EventName, EventPayload }

/**
 * Whether events reach this window; `connecting` also covers every attempt to come back. `refused`: a host is there but
 * does not take this tab's token, because it was restarted; the tab cannot connect again by itself.
 */
export type ConnectionState = 'connected' | 'connecting' | 'lost' | 'refused'

/** How long a call may take. */
export interface ClientCallOptions {
  /** Longest wait for a reply, or for its next piece, in milliseconds. Long work is a Job, so replies are quick. */
  timeoutMs?: number
  /** Called while a large reply arrives, with bytes so far and of all of it (null: not known); not by every transport. */
  onReceived?: ReceivedListener
  /** The wait starts over when such a job ends, and does not run meanwhile: work of the host that a call may have to wait for. */
  whileJob?: (job: Job) => boolean
}

/** Called with how much of a reply has arrived, in bytes; the total is null where it is not known. */
export type ReceivedListener = (received: number, total: number | null) => void

/** Where a file that is sent belongs on the host: files of a group lie together. */
export interface UploadPlace {
  group: string
  /** Path below the group's folder, with "/" between the parts. */
  name: string
}

/** How an upload is followed and stopped. */
export interface UploadOptions {
  /** Bytes sent so far. */
  onProgress?: (sentBytes: number) => void
  signal?: AbortSignal
}

/**
 * The renderer's only way to the services: commands, events, connection, files. A transport moves plain JSON; the client
 * checks both directions against the contract, so that a view receives no data of a shape it does not know.
 */
export interface Client {
  readonly kind: 'ipc' | 'web' | 'memory'
  /** @throws AppError as the service sent it, host.timeout, host.disconnected, or input.invalid. */
  call<N extends CommandName>(
    name: N,
    input: CommandInput<N>,
    options?: ClientCallOptions
  ): Promise<CommandOutput<N>>
  subscribe<E extends EventName>(event: E, listener: (payload: EventPayload<E>) => void): () => void
  /** Called at once with the present state and on every change. */
  onConnection(listener: (state: ConnectionState) => void): () => void
  /** Path of a chosen or dropped file on the host's machine; null where a page cannot know it (a browser). */
  pathOf(file: File): string | null
  /** Sends a file to the host. @throws AppError as the host sent it, host.disconnected, job.cancelled */
  upload(file: File, place: UploadPlace, options?: UploadOptions): Promise<UploadReply>
}

/** What a transport has to provide. `send` resolves with the host's envelope, whatever it holds. */
export interface Transport {
  readonly kind: Client['kind']
  send(name: string, input: unknown, onReceived?: ReceivedListener): Promise<unknown>
  subscribe(event: string, listener: (payload: unknown) => void): () => void
  onConnection(listener: (state: ConnectionState) => void): () => void
  pathOf?(file: File): string
  /** Resolves with the host's envelope. */
  upload?(file: File, place: UploadPlace, options: UploadOptions): Promise<unknown>
}

const defaultTimeoutMs = 60_000

/** Returns a client that validates requests and replies on any transport. */
export function createClient(transport: Transport): Client {
  return {
    kind: transport.kind,
    async call(name, input, options = {}) {
      const schemas: CommandContract = commands[name]
      const request = schemas.in.safeParse(input)
      if (!request.success) {
        throw new AppError(
          'input.invalid',
          `${name}: ${describe(request.error)}`,
          'Correct the marked value and try again.'
        )
      }
      const timeoutMs = options.timeoutMs ?? defaultTimeoutMs
      const { onReceived, whileJob } = options
      const reply = withTimeout(name, timeoutMs, (goOn, stop) => {
        const jobs = whileJob === undefined ? undefined : waitForJobs(transport, whileJob, { goOn, stop })
        const sent = transport.send(
          name,
          input,
          onReceived === undefined
            ? undefined
            : (received, total) => {
                goOn()
                onReceived(received, total)
              }
        )
        return sent.finally(jobs)
      })
      const value = openEnvelope(name, await reply)
      const output = schemas.out.safeParse(value)
      if (!output.success) throw mismatch(name, output.error)
      return output.data as never
    },
    subscribe(event, listener) {
      const schema: z.ZodType = events[event]
      return transport.subscribe(event, (payload) => {
        const checked = schema.safeParse(payload)
        if (checked.success) listener(checked.data as never)
        else reportFault(mismatch(event, checked.error))
      })
    },
    onConnection: (listener) => transport.onConnection(listener),
    pathOf: (file) => transport.pathOf?.(file) || null,
    async upload(file, place, options = {}) {
      if (transport.upload === undefined) throw notOnDisk(file.name)
      const value = openEnvelope('An upload', await transport.upload(file, place, options))
      const reply = uploadReplySchema.safeParse(value)
      if (!reply.success) throw mismatch('An upload', reply.error)
      return reply.data
    }
  }
}

const notOnDisk = (name: string): AppError =>
  new AppError(
    'input.unsupported',
    `${name} is no file on this computer.`,
    'Save it first, then open or drop the saved file.'
  )

/** Events that break the contract cannot be thrown at anybody; the window's error handler shows them. */
function reportFault(error: AppError): void {
  queueMicrotask(() => {
    throw error
  })
}

function openEnvelope(name: string, envelope: unknown): unknown {
  if (typeof envelope === 'object' && envelope !== null && 'ok' in envelope) {
    const { ok, value, error } = envelope as { ok: unknown; value?: unknown; error?: unknown }
    if (ok === true) return value
    if (isAppErrorJson(error)) throw AppError.from(error)
  }
  throw new AppError(
    'internal',
    `${name}: the host sent a reply of an unknown form.`,
    'Window and host may be of different versions: reload this window.'
  )
}

/** Stops the time of a call while jobs of a kind run, also those that were running before. Returns what ends that. */
function waitForJobs(
  transport: Transport,
  isMeant: (job: Job) => boolean,
  time: { goOn: () => void; stop: () => void }
): () => void {
  const running = new Set<string>()
  const reported = new Set<string>()
  let isOver = false
  const look = (job: Job): void => {
    if (isOver || !isMeant(job)) return
    reported.add(job.id)
    if (job.state === 'queued' || job.state === 'running') running.add(job.id)
    else running.delete(job.id)
    if (running.size > 0) time.stop()
    else time.goOn()
  }
  const leave = transport.subscribe('job.changed', (payload) => {
    const { success, data: job } = events['job.changed'].safeParse(payload)
    if (success) look(job)
  })
  // A job that began before this call may report nothing for a long time. Its reports since then are newer than the list.
  transport
    .send('job.list', {})
    .then((envelope) => {
      const { jobs } = commands['job.list'].out.parse(openEnvelope('job.list', envelope))
      jobs.filter(({ id, state }) => state === 'running' && !reported.has(id)).forEach(look)
    })
    // Without the list, jobs still count from their next report on.
    .catch(() => undefined)
  return () => {
    isOver = true
    leave()
  }
}

/** Rejects when `timeoutMs` pass without a reply; `goOn` starts the time over, `stop` lets none pass until then. */
async function withTimeout<T>(
  name: string,
  timeoutMs: number,
  work: (goOn: () => void, stop: () => void) => Promise<T>
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  let expire: () => void = () => undefined
  const late = new Promise<never>((_, reject) => {
    expire = () =>
      reject(
        new AppError(
          'host.timeout',
          `${name} received no reply within ${Math.round(timeoutMs / 1000)} s.`,
          'Try again; if there is still no reply, restart Bitbench.'
        )
      )
  })
  const wait = (): void => {
    clearTimeout(timer)
    timer = setTimeout(expire, timeoutMs)
  }
  wait()
  try {
    return await Promise.race([work(wait, () => clearTimeout(timer)), late])
  } finally {
    clearTimeout(timer)
  }
}

function mismatch(name: string, error: z.ZodError): AppError {
  return new AppError(
    'internal',
    `${name} does not keep its contract: ${describe(error)}`,
    'Window and host may be of different versions: reload this window.'
  )
}

function describe(error: z.ZodError): string {
  const [issue] = error.issues
  if (issue === undefined) return 'unknown fault'
  return issue.path.length === 0 ? issue.message : `${issue.path.map(String).join('.')}: ${issue.message}`
}
