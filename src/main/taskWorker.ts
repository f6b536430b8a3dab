import { parentPort } from 'node:worker_threads'
import { AppError } from '../shared/errors'
import { taskHandlers } from './taskRegistry'
import { handedOver } from './threads/handOver'
import { useRoomyHeap } from './threads/roomyHeap'
import type { TaskContext } from './threads/task'
import type { FromWorker, ToWorker } from './threads/workerMessages'

/** Worker thread entry: runs one registered task at a time. */
const port = parentPort
if (port === null) throw new Error('taskWorker must run as a worker thread')
useRoomyHeap()

/** Progress messages closer together than this are dropped: the main thread has better things to do. */
const progressEveryMs = 50
let controller: AbortController | undefined

port.on('message', (message: ToWorker) => {
  if (message.kind === 'abort') {
    controller?.abort()
    return
  }
  // Leaves this thread, from JavaScript: see endWorker.ts.
  if (message.kind === 'end') process.exit(0)
  const current = new AbortController()
  controller = current
  const send = (reply: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(reply, transfer)
  let sentAtMs = -Infinity
  const handler = taskHandlers[message.name as keyof typeof taskHandlers] as
    ((input: unknown, context: TaskContext) => unknown) | undefined
  Promise.resolve()
    .then(() => {
      if (handler === undefined) throw new Error(`No task is registered as ${message.name}`)
      return handler(message.input, {
        signal: current.signal,
        progress(done, total, note = '') {
          const nowMs = Date.now()
          if (done < total && nowMs - sentAtMs < progressEveryMs) return
          sentAtMs = nowMs
          send({ kind: 'progress', done, total, note })
        },
        async yieldToAbort() {
          await new Promise<void>((resolve) => setImmediate(resolve))
          if (current.signal.aborted) {
            throw new AppError(
              'job.cancelled',
              'The task was cancelled.',
              'Start it again when you want its result.'
            )
          }
        }
      })
    })
    .then(
      (output) => send({ kind: 'done', output }, handedOver(output)),
      (error: unknown) => send({ kind: 'failed', error: AppError.from(error).toJSON() })
    )
})
