import { Worker } from 'node:worker_threads'
import { AppError } from '../../shared/errors'
import { endWorker } from './endWorker'
import type { FromWorker, ToWorker } from './workerMessages'

/**
 * Runs core work off the main thread. A task is a pure function registered in a noun's `<noun>Tasks.ts` and listed
 * in main/taskRegistry.ts; the same table types this side and the worker's.
 */
export interface TaskOptions {
  signal?: AbortSignal
  onProgress?: (done: number, total: number, note: string) => void
  /** Buffers handed over instead of copied. */
  transfer?: ArrayBuffer[]
  /** How long the task may take to heed an abort; less for work that never looks, default 2000. */
  graceMs?: number
}

/** The table of tasks that are registered as functions of an input and a context. */
export type TaskTableOf<Functions extends Record<string, (input: never, ...rest: never[]) => unknown>> = {
  [K in keyof Functions]: { input: Parameters<Functions[K]>[0]; output: ReturnType<Functions[K]> }
}

/** The part of the task pool that one noun needs: its own tasks. */
export interface TaskRunner<Table extends Record<keyof Table, { input: unknown; output: unknown }>> {
  run<K extends keyof Table & string>(
    name: K,
    input: Table[K]['input'],
    options?: TaskOptions
  ): Promise<Table[K]['output']>
}

/** Workers that run tasks by name. */
export interface TaskPool<Tasks extends Record<string, { input: unknown; output: unknown }>> {
  run<K extends keyof Tasks & string>(
    name: K,
    input: Tasks[K]['input'],
    options?: TaskOptions
  ): Promise<Tasks[K]['output']>
  close(): Promise<void>
}

/** How long a task may take to heed an abort before its worker is ended. */
const abortGraceMs = 2_000

/**
 * At most `size` workers; each runs one task at a time and is kept for the next one. A worker that ends fails its
 * task with job.crashed and is replaced.
 */
export function createTaskPool<Tasks extends Record<string, { input: unknown; output: unknown }>>(options: {
  workerFile: string
  size: number
}): TaskPool<Tasks> {
  const idle: Worker[] = []
  const all = new Set<Worker>()
  const waiting: (() => void)[] = []
  let closed = false

  /** A worker that failed takes no further task, even before its `exit` event comes. */
  const drop = (worker: Worker): void => {
    all.delete(worker)
    const index = idle.indexOf(worker)
    if (index >= 0) idle.splice(index, 1)
  }

  const spawn = (): Worker => {
    const worker = new Worker(options.workerFile)
    worker.unref()
    all.add(worker)
    // An idle worker that fails must not end the process; a running one is handled by its task as well.
    worker.on('error', () => drop(worker))
    worker.once('exit', () => {
      drop(worker)
      waiting.shift()?.()
    })
    return worker
  }

  const take = async (signal: AbortSignal | undefined): Promise<Worker> => {
    for (;;) {
      if (closed || signal?.aborted === true) throw aborted()
      const worker = idle.pop() ?? (all.size < options.size ? spawn() : undefined)
      if (worker !== undefined) return worker
      await turnIn(waiting, signal)
    }
  }

  return {
    async run(name, input, { signal, onProgress, transfer, graceMs = abortGraceMs } = {}) {
      const worker = await take(signal)
      worker.ref()
      let grace: NodeJS.Timeout | undefined
      try {
        const abort = (): void => {
          worker.postMessage({ kind: 'abort' } satisfies ToWorker)
          grace ??= setTimeout(() => void endWorker(worker, graceMs), graceMs)
        }
        return await runOn(worker, { name, input, signal, onProgress, transfer, abort, failed: drop })
      } finally {
        clearTimeout(grace)
        worker.unref()
        if (all.has(worker) && !closed) idle.push(worker)
        waiting.shift()?.()
      }
    },
    async close() {
      closed = true
      for (const wake of waiting.splice(0)) wake()
      await Promise.all([...all].map((worker) => endWorker(worker, abortGraceMs)))
    }
  }
}

/** Waits in the queue until woken or aborted. */
function turnIn(waiting: (() => void)[], signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const leave = (): void => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }
    // A task that no longer waits must leave the queue: else the next free worker wakes it instead of a live one.
    const onAbort = (): void => {
      const index = waiting.indexOf(leave)
      if (index >= 0) waiting.splice(index, 1)
      leave()
    }
    waiting.push(leave)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

/** Runs one task on a worker that has no other. @throws the task's error, job.cancelled, job.crashed */
function runOn<T>(
  worker: Worker,
  task: {
    signal: AbortSignal | undefined
    onProgress: TaskOptions['onProgress'] | undefined
    transfer: ArrayBuffer[] | undefined
    name: string
    input: unknown
    abort: () => void
    /** The worker failed and takes no further task. */
    failed: (worker: Worker) => void
  }
): Promise<T> {
  const { name, input, signal, onProgress, transfer, abort } = task
  return new Promise((resolve, reject) => {
    const onMessage = (message: FromWorker): void => {
      if (message.kind === 'progress') onProgress?.(message.done, message.total, message.note)
      else if (message.kind === 'done') finish(() => resolve(message.output as T))
      else finish(() => reject(AppError.from(message.error)))
    }
    const onError = (cause: unknown): void => {
      task.failed(worker)
      finish(() => reject(crashed(name, cause)))
    }
    const onExit = (code: number): void =>
      finish(() =>
        reject(signal?.aborted === true ? aborted() : crashed(name, new Error(`exit code ${code}`)))
      )
    const finish = (settle: () => void): void => {
      worker.off('message', onMessage)
      worker.off('error', onError)
      worker.off('exit', onExit)
      signal?.removeEventListener('abort', abort)
      settle()
    }
    worker.on('message', onMessage)
    worker.on('error', onError)
    worker.on('exit', onExit)
    signal?.addEventListener('abort', abort, { once: true })
    worker.postMessage({ kind: 'run', name, input } satisfies ToWorker, transfer ?? [])
    if (signal?.aborted === true) abort()
  })
}

function aborted(): AppError {
  return new AppError('job.cancelled', 'The task was cancelled.', 'Start it again when you want its result.')
}

function crashed(name: string, cause: unknown): AppError {
  return new AppError(
    'job.crashed',
    `The worker that ran ${name} ended unexpectedly.`,
    'Try again; if it happens again, report it with the log file.',
    { cause, details: { reason: String(cause) } }
  )
}
