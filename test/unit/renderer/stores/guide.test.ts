import { describe, expect, it } from 'vitest'
import type { Job } from '@shared/contract/job'
import { AppError } from '@shared/errors'
import type { MemoryClient, MemoryHandlers } from '@renderer/client/memoryClient'
import { useGuide } from '@renderer/stores/guide'
import { sampleHandlers } from '../../../e2e/support/sampleServices'
import { sampleBoards } from '../../../e2e/support/sampleBoards'
import { sampleDeployment, sampleSearch } from '../../../e2e/support/sampleModel'
import { sampleProxyDetail, sampleSets } from '../../../e2e/support/sampleProxies'
import { withClient } from './withClient'

const endJob = (client: MemoryClient, id: string, changes: Partial<Job> = {}): void =>
  client.emit('job.changed', {
    id,
    kind: 'any',
    title: id,
    state: 'done',
    done: 1,
    total: 1,
    unit: 'units',
    ratePerSecond: null,
    remainingMs: null,
    note: '',
    startedAtMs: 0,
    finishedAtMs: 1,
    resumable: false,
    error: null,
    ...changes
  })

/** Services whose jobs end as soon as they were started. */
function walk(changes: MemoryHandlers = {}): MemoryClient {
  const begin = (id: string): { jobId: string } => {
    queueMicrotask(() => endJob(client, id))
    return { jobId: id }
  }
  const client: MemoryClient = withClient({
    ...(sampleHandlers as MemoryHandlers),
    'board.connect': () => ({ board: sampleBoards[0]! }),
    'profile.run': () => ({ ...begin('profile'), campaignId: 'c1' }),
    'proxy.samples': () => ({ sets: [sampleSets[0]!] }),
    'proxy.fit': () => {
      queueMicrotask(() => client.emit('proxy.fitted', { jobId: 'fit', proxy: sampleProxyDetail.proxy }))
      return begin('fit')
    },
    'proxy.pin': () => ({ ok: true }),
    'search.start': () => ({ ...begin('search'), searchId: sampleSearch.id }),
    'deploy.run': () => ({ ...begin('deploy'), deploymentId: sampleDeployment.id }),
    'deploy.get': () => ({ deployment: sampleDeployment }),
    ...changes
  })
  return client
}

describe('guided run', () => {
  it('walks the loop and shows what every step gave', async () => {
    const client = walk()
    const guide = useGuide()
    await guide.run()
    expect(guide.steps.map(({ id, state, error }) => [id, state, error])).toEqual(
      ['connect', 'profile', 'fit', 'search', 'deploy', 'check'].map((id) => [id, 'done', null])
    )
    expect(guide.isDone).toBe(true)
    const words = guide.steps.flatMap(({ results }) => results).join('\n')
    expect(words).toContain('4.4 % off on unseen shapes')
    expect(words).toContain('200 images run on Virtual board, small')
    expect(words).toContain('bit for bit')
    expect(client.calls.filter(({ name }) => name === 'proxy.fit')).toHaveLength(1)
    expect(client.calls.find(({ name }) => name === 'deploy.run')?.input).toMatchObject({
      boardId: 'virtual:small',
      scheme: sampleSearch.best!.scheme
    })
    expect(client.calls.find(({ name }) => name === 'app.saveSettings')?.input).toEqual({ guideSeen: true })
  })

  it('stops at the first failure, keeps its hint, and goes on from there', async () => {
    let unplugged = true
    const client = walk({
      'profile.run': () => {
        const error = new AppError(
          'board.disconnected',
          'The board was unplugged.',
          'Plug it in again.'
        ).toJSON()
        queueMicrotask(() => endJob(client, 'profile', unplugged ? { state: 'failed', error } : {}))
        return { jobId: unplugged ? 'profile' : 'again', campaignId: 'c1' }
      }
    })
    const guide = useGuide()
    await guide.run()
    expect(guide.steps.map(({ state }) => state)).toEqual([
      'done',
      'failed',
      'waiting',
      'waiting',
      'waiting',
      'waiting'
    ])
    expect(guide.steps[1]!.error).toMatchObject({ code: 'board.disconnected', hint: 'Plug it in again.' })
    expect(client.calls.some(({ name }) => name === 'proxy.fit')).toBe(false)

    unplugged = false
    const going = guide.run('profile')
    await new Promise((resolve) => setTimeout(resolve, 5))
    endJob(client, 'again')
    await going
    expect(guide.isDone).toBe(true)
    expect(client.calls.filter(({ name }) => name === 'board.connect')).toHaveLength(1)
  })

  it('does not call a deployment checked whose outputs differ', async () => {
    walk({ 'deploy.get': () => ({ deployment: { ...sampleDeployment, bitExact: false } }) })
    const guide = useGuide()
    await guide.run()
    expect(guide.steps[5]).toMatchObject({ state: 'failed', error: { code: 'deploy.mismatch' } })
  })

  it('says so when no scheme fits the budget', async () => {
    walk({ 'search.get': () => ({ search: { ...sampleSearch, best: null, budgetFeasible: false } }) })
    const guide = useGuide()
    await guide.run()
    expect(guide.steps[3]).toMatchObject({
      state: 'failed',
      error: { hint: expect.stringContaining('raise the budget') }
    })
  })
})
