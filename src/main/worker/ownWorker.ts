import path from 'node:path'
import type { SharedTasks } from '../threads/sharedTask'
import type { CodeIdentity } from './codeIdentity'
import { openFitsBridge } from './fits/fitsBridge'
import { createFitStore } from './fits/fitStore'
import { startHeartbeat } from './heartbeat'
import { createInputCache } from './inputs/inputCache'
import { createQueueConsumer, type AnyTaskPool } from './queue/queueConsumer'
import type { QueueServer } from './queue/queueServer'

/** A worker of this process: runs jobs in a task pool and reports what it does. */
export interface RunningWorker {
  readonly id: string
  close(): Promise<void>
}

/**
 * @param dataFolder fetched inputs lie in its folder `queue-inputs`
 * @param names tasks of `shared` that it takes
 */
export async function startWorker(options: {
  server: QueueServer
  tasks: AnyTaskPool
  shared: SharedTasks
  names: readonly string[]
  concurrency: number
  dataFolder: string
  identity: CodeIdentity
  nowMs: () => number
}): Promise<RunningWorker> {
  const { server, names, concurrency, dataFolder, identity, nowMs } = options
  const inputs = createInputCache(path.join(dataFolder, 'queue-inputs'), server.client)
  const consumer = await createQueueConsumer({ ...options, inputs })
  const bridge = openFitsBridge(createFitStore(server, identity, nowMs))
  const heartbeat = startHeartbeat({ server, consumer, identity, tasks: names, concurrency, nowMs })
  return {
    id: heartbeat.id,
    async close() {
      await consumer.close()
      await heartbeat.stop()
      bridge.close()
    }
  }
}
