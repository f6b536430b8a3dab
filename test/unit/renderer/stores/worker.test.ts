import { describe, expect, it } from 'vitest'
import { useWorkers } from '@renderer/stores/worker'
import type { WorkerStatus } from '@shared/contract/worker'
import { AppError } from '@shared/errors'
import { withClient } from './withClient'

const status = (changes: Partial<WorkerStatus>): WorkerStatus => ({
  ...{ server: null, state: 'off', problem: null, pending: 0, kept: false },
  ...{ code: 'c', arithmetic: 'a', waiting: 0, active: 0, workers: [], leases: [] },
  ...changes
})

describe('worker store', () => {
  it('names a server without the spaces around it, and no file where none is written', async () => {
    const client = withClient({
      'worker.connect': () => status({ server: 'redis://lab:6379', state: 'up', kept: true }),
      'worker.disconnect': () => status({})
    })
    const workers = useWorkers()
    Object.assign(workers.draft, { address: '  redis://lab ', caFile: '  ' })
    await workers.connect.run()
    expect(client.calls.at(-1)).toEqual({
      name: 'worker.connect',
      input: { address: 'redis://lab', caFile: null }
    })
    expect(workers.isUp).toBe(true)
    // An address may hold a password.
    expect(workers.draft.address).toBe('')
    Object.assign(workers.draft, { address: 'rediss://lab', caFile: '/etc/ca.pem' })
    await workers.connect.run()
    expect(client.calls.at(-1)?.input).toEqual({ address: 'rediss://lab', caFile: '/etc/ca.pem' })
    await workers.disconnect.run()
    expect(workers.isUp).toBe(false)
  })

  it('keeps what it showed when a server is refused', async () => {
    withClient({
      'worker.status': () => status({ server: 'redis://lab:6379', state: 'up' }),
      'worker.connect': () => {
        throw new AppError('queue.unsafe', 'It would lose jobs.', 'Set appendonly.')
      }
    })
    const workers = useWorkers()
    await workers.load.run()
    workers.draft.address = 'redis://other'
    await workers.connect.run()
    expect(workers.connect.error?.code).toBe('queue.unsafe')
    expect(workers.draft.address).toBe('redis://other')
    expect(workers.status?.server).toBe('redis://lab:6379')
  })
})
