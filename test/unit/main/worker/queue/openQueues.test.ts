import { expect, it } from 'vitest'
import { createOpenQueues } from '@main/worker/queue/openQueues'
import type { QueueServer } from '@main/worker/queue/queueServer'

it('a queue that is no longer wanted is not waited for while the server is away', async () => {
  const away = { client: {}, state: 'down', whenUp: () => new Promise<never>(() => undefined) }
  const queues = await createOpenQueues(away as unknown as QueueServer, () => undefined)
  await expect(queues.get('evaluate', AbortSignal.abort())).rejects.toMatchObject({ code: 'job.cancelled' })
  const leave = new AbortController()
  const waiting = queues.get('evaluate', leave.signal)
  leave.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'job.cancelled' })
})
