import type { Worker } from 'node:worker_threads'
import type { ToWorker } from './workerMessages'

/**
 * Ends a worker. It is asked to leave by itself first: a thread that is terminated while it runs native code
 * (onnxruntime) takes the whole process down with SIGABRT, because the library throws into a thread that is ending.
 * A worker that runs plain JavaScript without a pause receives no message and is terminated after `withinMs`.
 */
export async function endWorker(worker: Worker, withinMs: number): Promise<void> {
  // threadId is -1 once the thread has ended.
  if (worker.threadId === -1) return
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  worker.postMessage({ kind: 'end' } satisfies ToWorker)
  const timer = setTimeout(() => void worker.terminate(), withinMs)
  await exited
  clearTimeout(timer)
}
