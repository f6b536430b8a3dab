import { describe, expect, it } from 'vitest'
import { createKeptKind, withoutForgotten } from '@main/runs/keptRuns'
import { createRunComparison } from '@main/runs/runComparison'
import { createImportedRuns, sessionMigrations } from '@main/runs/importedRuns'
import type { RunKind } from '@main/runs/runKeeper'
import type { RunLabels } from '@main/runs/runLabels'
import { createRunService } from '@main/runs/runService'
import { openStore } from '@main/store/store'
import { runContract, type Run } from '@shared/contract/run'

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
    ...{ search: none, deployment: none, proxy: none, recording: none, workload: none, board: none },
    ...{ estimator: none, collection: none, loop: none }
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

describe('runs of several kinds in one list', () => {
  const facts = (kind: 'recording' | 'proxy', id: string, startedAtMs: number, model: string | null) => ({
    ...{ id, kind, title: id, detail: '', state: 'done' as const, startedAtMs, finishedAtMs: null, model },
    ...{ jobId: null, resumable: kind === 'proxy', problem: null }
  })
  const kindWith = (kind: 'recording' | 'proxy', all: ReturnType<typeof facts>[]) =>
    ({ kind, facts: async () => all, isRunning: () => false }) as unknown as RunKind
  const labels = { all: async () => new Map(), forgotten: async () => new Set() } as unknown as RunLabels
  const service = createRunService({
    labels,
    kinds: [
      kindWith('recording', [facts('recording', 'r1', 10, null), facts('recording', 'r3', 30, 'known')]),
      kindWith('proxy', [facts('proxy', 'p2', 20, 'unknown'), facts('proxy', 'p4', 40, null)])
    ],
    origins: async () => new Map([['p4', { machine: 'lab' } as never]]),
    modelNames: async (ids) => new Map([...ids].filter((id) => id === 'known').map((id) => [id, 'LeNet'])),
    ...{ emit: () => undefined, nowMs: () => 0 }
  })

  it('is in the order of their beginnings, with the names of networks that are known', async () => {
    const { runs } = await service.handlers['run.list'](
      runContract.commands['run.list'].in.parse({}),
      context
    )
    expect(runs.map(({ id }) => id)).toEqual(['p4', 'r3', 'p2', 'r1'])
    expect(runs.map(({ model }) => model)).toEqual([null, 'LeNet', 'unknown', null])
    // What was made on another machine goes on there.
    expect(runs.map(({ resumable }) => resumable)).toEqual([false, false, true, false])
  })
})

describe('the name of a data folder', () => {
  it('is given once and kept, also for another process', async () => {
    const store = await openStore({ file: ':memory:', migrations: [sessionMigrations] })
    let made = 0
    const newId = (): string => `name${++made}`
    const first = createImportedRuns(store, newId)
    expect([await first.origin(), await first.origin()]).toEqual(['name1', 'name1'])
    expect(await createImportedRuns(store, newId).origin()).toBe('name1')
    expect(made).toBe(1)
    await store.run("INSERT INTO session_import VALUES ('r', 'o', 'c', 'a.bbsession', true, 5)")
    expect(await first.all()).toEqual(new Map([['r', { file: 'a.bbsession', atMs: 5, example: true }]]))
    await store.close()
  })
})
