import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createJobService, type JobService } from '@main/jobs/jobService'
import { createRunKeeper, type RunKeeper } from '@main/runs/runKeeper'
import { createRunLabels, runMigrations } from '@main/runs/runLabels'
import { createRunService, type RunService } from '@main/runs/runService'
import { createRecordTable, recordTableSql, type RecordTable } from '@main/store/recordTable'
import { openStore, type Store } from '@main/store/store'
import { runContract, storedRunStateSchema } from '@shared/contract/run'

const workSchema = z.object({
  id: z.string(),
  jobId: z.string().nullable(),
  state: storedRunStateSchema,
  startedAtMs: z.number(),
  steps: z.number()
})
type Work = z.infer<typeof workSchema>

const context = { signal: new AbortController().signal }
let store: Store
let jobs: JobService
let table: RecordTable<Work>
let work: RunKeeper<Work>
let service: RunService
let changed: string[]
/** Resolves one step of running work. */
let release: () => void

/** What one process makes of the data file; a second call stands for the process after a restart. */
function start(): void {
  let ids = 0
  jobs = createJobService({ emit: () => undefined, nowMs: () => 0, newId: () => `job-${++ids}` })
  const labels = createRunLabels(store)
  table = createRecordTable(store, { table: 'work', schema: workSchema })
  const begin = async (record: Work): Promise<{ jobId: string }> => {
    const running: Work = { ...record, state: 'running' }
    await table.save(running)
    return work.launch(running, {
      kind: 'work.run',
      title: 'Work',
      unit: 'steps',
      async run({ signal }) {
        await new Promise<void>((resolve) => {
          release = resolve
          signal.addEventListener('abort', () => resolve(), { once: true })
        })
        running.state = signal.aborted ? 'cancelled' : 'done'
        running.steps += 1
        await table.save(running)
        signal.throwIfAborted()
      }
    })
  }
  work = createRunKeeper<Work>({
    kind: 'search',
    noun: 'work',
    jobs,
    labels,
    table,
    describe: ({ steps }) => ({ title: 'Some work', detail: `${steps} steps`, finishedAtMs: null }),
    begin
  })
  service = createRunService({
    labels,
    kinds: [work],
    emit: (event, payload) => void changed.push(runContract.events[event].parse(payload).id),
    nowMs: () => 77
  })
}

const call = <K extends keyof RunService['handlers']>(
  name: K,
  input: unknown
): ReturnType<RunService['handlers'][K]> =>
  service.handlers[name](runContract.commands[name].in.parse(input) as never, context) as never
const idsOf = async (input: unknown): Promise<string[]> =>
  (await call('run.list', input)).runs.map(({ id }) => id)
const record = (id: string, change: Partial<Work> = {}): Work => ({
  ...{ id, jobId: null, state: 'done', startedAtMs: Number(id.slice(1)), steps: 3 },
  ...change
})

beforeEach(async () => {
  changed = []
  store = await openStore({
    file: ':memory:',
    migrations: [{ noun: 'work', steps: [recordTableSql('work')] }, runMigrations]
  })
  start()
  for (const id of ['r1', 'r2', 'r3']) await table.save(record(id))
})
afterEach(async () => {
  await jobs.stop()
  await store.close()
})

describe('stored runs of every kind', () => {
  it('are named, deleted and brought back without reading the other ones', async () => {
    const unread = createRunService({
      labels: createRunLabels(store),
      kinds: [{ ...work, facts: () => Promise.reject(new Error('all runs were read')) }],
      emit: () => undefined,
      nowMs: () => 77
    })
    const one = (name: 'run.forget' | 'run.restore') => unread.handlers[name]({ id: 'r2' }, context)
    await unread.handlers['run.rename']({ id: 'r2', name: 'Night run' }, context)
    expect((await one('run.forget')).run).toMatchObject({ id: 'r2', name: 'Night run', forgotten: true })
    expect(await idsOf({})).toEqual(['r3', 'r1'])
    expect((await one('run.restore')).run).toMatchObject({ forgotten: false, detail: '3 steps' })
    await expect(unread.handlers['run.get']({ id: 'gone' }, context)).rejects.toThrow('There is no run gone.')
  })

  it('are listed newest first, named, annotated and found by any of it', async () => {
    expect(await idsOf({})).toEqual(['r3', 'r2', 'r1'])
    await call('run.rename', { id: 'r2', name: '  Night run ' })
    await call('run.annotate', { id: 'r1', notes: 'after the new firmware', tags: ['paper', 'paper', 'b'] })
    expect((await call('run.get', { id: 'r1' })).run).toMatchObject({
      ...{ notes: 'after the new firmware', tags: ['paper', 'b'], name: null, title: 'Some work' },
      ...{ state: 'done', resumable: false, forgotten: false, detail: '3 steps' }
    })
    expect(await idsOf({ text: 'NIGHT' })).toEqual(['r2'])
    expect(await idsOf({ text: 'paper' })).toEqual(['r1'])
    expect(await idsOf({ kinds: ['campaign'] })).toEqual([])
    expect((await call('run.rename', { id: 'r2', name: '' })).run.name).toBeNull()
    expect(changed).toEqual(['r2', 'r1', 'r2'])
    await expect(call('run.get', { id: 'none' })).rejects.toMatchObject({ code: 'input.notFound' })
  })

  it('have markers on their trace, by time, which no other label changes', async () => {
    expect(await call('run.markers', { id: 'r1' })).toEqual({ markers: [] })
    const later = { atMs: 900, text: 'throttles' }
    const earlier = { atMs: 12.5, text: '' }
    expect((await call('run.mark', { id: 'r1', markers: [later, earlier] })).markers).toEqual([
      earlier,
      later
    ])
    await call('run.annotate', { id: 'r1', notes: 'kept' })
    await call('run.forget', { id: 'r1' })
    await call('run.restore', { id: 'r1' })
    start()
    expect((await call('run.markers', { id: 'r1' })).markers).toEqual([earlier, later])
    expect((await call('run.get', { id: 'r1' })).run.notes).toBe('kept')
    expect((await call('run.markers', { id: 'r2' })).markers).toEqual([])
    await expect(call('run.mark', { id: 'none', markers: [] })).rejects.toMatchObject({
      code: 'input.notFound'
    })
    await store.run("UPDATE run_label SET markers = '[{' WHERE run_id = 'r1'")
    expect((await call('run.markers', { id: 'r1' })).markers).toEqual([])
  })

  it('keep every change of several at once', async () => {
    const marker = { atMs: 1, text: 'here' }
    await Promise.all([
      call('run.rename', { id: 'r1', name: 'First' }),
      call('run.annotate', { id: 'r1', notes: 'a note' }),
      call('run.annotate', { id: 'r1', tags: ['t'] }),
      call('run.mark', { id: 'r1', markers: [marker] })
    ])
    expect((await call('run.get', { id: 'r1' })).run).toMatchObject({
      ...{ name: 'First', notes: 'a note', tags: ['t'] }
    })
    expect((await call('run.markers', { id: 'r1' })).markers).toEqual([marker])
  })

  it('come back after a deletion until the session closes, and are gone for good then', async () => {
    await call('run.annotate', { id: 'r2', notes: 'kept' })
    await call('run.forget', { id: 'r2' })
    await call('run.forget', { id: 'r3' })
    expect(await idsOf({})).toEqual(['r1'])
    expect((await work.list()).map(({ id }) => id)).toEqual(['r1'])
    expect(await idsOf({ withForgotten: true })).toEqual(['r3', 'r2', 'r1'])
    await expect(call('run.resume', { id: 'r2' })).rejects.toMatchObject({ code: 'job.notResumable' })
    expect((await call('run.restore', { id: 'r2' })).run).toMatchObject({ forgotten: false, notes: 'kept' })
    await expect(call('run.remove', { id: 'r2' })).rejects.toMatchObject({ code: 'input.invalid' })
    await service.purge()
    expect(await idsOf({ withForgotten: true })).toEqual(['r2', 'r1'])
    expect(await table.get('r3')).toBeNull()
    expect(await store.all('SELECT run_id FROM run_label')).toEqual([{ run_id: 'r2' }])
  })

  it('are interrupted when their process is gone, resume under their id, and keep one job at a time', async () => {
    await table.save(record('r2', { state: 'running', jobId: 'job of the dead process' }))
    start()
    const interrupted = (await call('run.get', { id: 'r2' })).run
    expect(interrupted).toMatchObject({ state: 'interrupted', jobId: null, resumable: true })
    const first = await call('run.resume', { id: 'r2' })
    expect(await call('run.resume', { id: 'r2' })).toEqual(first)
    expect((await call('run.get', { id: 'r2' })).run).toMatchObject({ state: 'running', ...first })
    await expect(call('run.forget', { id: 'r2' })).rejects.toMatchObject({ code: 'run.busy' })
    release()
    await jobs.idle()
    expect((await call('run.get', { id: 'r2' })).run).toMatchObject({ state: 'done', detail: '4 steps' })
    await expect(call('run.resume', { id: 'r2' })).rejects.toMatchObject({ code: 'job.notResumable' })
  })

  it('stay listed when one row no longer fits its schema: it says what is wrong and can be deleted', async () => {
    await store.run(`UPDATE work SET record = '{"id":"r2","state":"done"}' WHERE id = 'r2'`)
    await store.run(`UPDATE work SET record = 'not json' WHERE id = 'r1'`)
    const { runs } = await call('run.list', {})
    expect(runs.map(({ id, state, problem }) => [id, state, problem])).toEqual([
      ['r3', 'done', null],
      ['r2', 'unreadable', expect.stringContaining('jobId')],
      ['r1', 'unreadable', 'The stored text is not JSON.']
    ])
    expect((await work.list()).map(({ id }) => id)).toEqual(['r3'])
    await expect(work.find('r2')).rejects.toMatchObject({ code: 'store.corrupt' })
    await expect(call('run.resume', { id: 'r2' })).rejects.toMatchObject({ code: 'store.corrupt' })
    await call('run.forget', { id: 'r2' })
    await call('run.remove', { id: 'r2' })
    expect(await idsOf({ withForgotten: true })).toEqual(['r3', 'r1'])
  })
})
