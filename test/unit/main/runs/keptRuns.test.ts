import { describe, expect, it } from 'vitest'
import { createKeptKind, withoutForgotten } from '@main/runs/keptRuns'
import { createRunComparison } from '@main/runs/runComparison'
import type { RunLabels } from '@main/runs/runLabels'
import type { Run } from '@shared/contract/run'

const context = { signal: new AbortController().signal }

describe('runs that another noun stores', () => {
  const dropped: string[] = []
  const removed: string[] = []
  const labels = {
    forgotten: async () => new Set(['hidden']),
    drop: async (id: string) => void dropped.push(id)
  } as unknown as RunLabels
  const facts = [
    { id: 'live', state: 'running' },
    { id: 'over', state: 'done' }
  ] as never[]
  const kind = createKeptKind({
    ...{ kind: 'recording', noun: 'recording', labels, facts: async () => facts },
    remove: async (id) => void removed.push(id)
  })

  it('are listed without those that were deleted, and with nothing else left out', async () => {
    const list = withoutForgotten(labels, async () => [{ id: 'kept' }, { id: 'hidden' }, { id: 'other' }])
    expect(await list()).toEqual([{ id: 'kept' }, { id: 'other' }])
  })

  it('run where their state says so, are never resumed, and take their labels along', async () => {
    const all = await kind.facts()
    expect(all.map(({ id, resumable, jobId }) => [id, resumable, jobId])).toEqual([
      ['live', false, null],
      ['over', false, null]
    ])
    expect([kind.isRunning('live'), kind.isRunning('over')]).toEqual([true, false])
    await expect(kind.resume('over')).rejects.toMatchObject({ code: 'job.notResumable' })
    await kind.remove('over')
    expect([removed, dropped]).toEqual([['over'], ['over']])
  })
})

describe('comparing campaigns', () => {
  const kinds: Record<string, Run['kind']> = {
    c1: 'campaign',
    c2: 'campaign',
    a1: 'adaptive',
    a2: 'adaptive'
  }
  const asked: string[] = []
  const none = (): Promise<never> => Promise.reject(new Error('not needed'))
  const { handlers } = createRunComparison({
    run: async (id) => ({ id, kind: kinds[id], name: null, title: id }) as Run,
    samples: async (id) => {
      asked.push(id)
      return [] as never
    },
    ...{ search: none, deployment: none, proxy: none, recording: none, workload: none }
  })
  it('and adaptive runs reads the Samples of each, in the order of the request', async () => {
    expect((await handlers['run.compare']({ ids: ['c2', 'c1'] }, context)).kind).toBe('campaign')
    expect((await handlers['run.compare']({ ids: ['a1', 'a2'] }, context)).kind).toBe('adaptive')
    expect(asked).toEqual(['c2', 'c1', 'a1', 'a2'])
  })
  it('names the first kind and the other one', async () => {
    await expect(handlers['run.compare']({ ids: ['c1', 'a1'] }, context)).rejects.toThrow(
      'Runs of the kinds campaign and adaptive cannot be compared.'
    )
  })
})
