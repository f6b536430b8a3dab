import { describe, expect, it } from 'vitest'
import type { Run } from '@shared/contract/run'
import { AppError } from '@shared/errors'
import { useRuns } from '@renderer/stores/run'
import { headText, tagsOf } from '@renderer/views/run/runTexts'
import { sampleRuns } from '../../../e2e/support/sampleRuns'
import { withClient } from './withClient'

describe('run store', () => {
  it('deletes, hides, and brings back the last deleted run', async () => {
    let stored: Run[] = sampleRuns
    const mark = (id: string, forgotten: boolean): { run: Run } => {
      stored = stored.map((run) => (run.id === id ? { ...run, forgotten } : run))
      return { run: stored.find((run) => run.id === id)! }
    }
    withClient({
      'run.list': () => ({ runs: stored.filter(({ forgotten }) => !forgotten) }),
      'run.forget': ({ id }) => mark(id, true),
      'run.restore': ({ id }) => mark(id, false)
    })
    const runs = useRuns()
    await runs.load.run()
    runs.openId = 's2'
    await runs.forget.run(runs.open!)
    await runs.forget.run(runs.shown.find(({ id }) => id === 'c1')!)
    expect(runs.shown.map(({ id }) => id)).toEqual(['l1', 's1', 'a1', 'd1', 'd2'])
    expect(runs.open).toBeNull()
    await runs.undo.run()
    expect([runs.open?.id, runs.deleted.flat().map(({ id }) => id)]).toEqual(['c1', ['s2']])
    await runs.undo.run()
    await runs.undo.run()
    expect(runs.shown.map(({ id }) => id)).toEqual(sampleRuns.map(({ id }) => id))
  })

  it('deletes several at once and brings all of them back; what is refused stays', async () => {
    let stored: Run[] = sampleRuns
    const mark = (id: string, forgotten: boolean): { run: Run } => {
      if (id === 'c1') throw new AppError('job.notResumable', 'It runs.', 'Cancel it first.')
      stored = stored.map((run) => (run.id === id ? { ...run, forgotten } : run))
      return { run: stored.find((run) => run.id === id)! }
    }
    withClient({
      'run.list': () => ({ runs: stored.filter(({ forgotten }) => !forgotten) }),
      'run.forget': ({ id }) => mark(id, true),
      'run.restore': ({ id }) => mark(id, false)
    })
    const runs = useRuns()
    await runs.load.run()
    await runs.forget.run(...runs.shown.filter(({ id }) => ['s1', 'c1', 's2'].includes(id)))
    expect(runs.forget.error?.message).toBe('It runs.')
    expect(runs.shown.map(({ id }) => id)).toEqual(['l1', 'c1', 'a1', 'd1', 'd2'])
    await runs.undo.run()
    expect(runs.shown).toHaveLength(sampleRuns.length)
    expect(runs.deleted).toEqual([])
  })

  it('sends filter, name, notes and tags, and takes over what comes back', async () => {
    const client = withClient({
      'run.list': () => ({ runs: sampleRuns }),
      'run.rename': ({ id, name }) => ({ run: { ...sampleRuns[2]!, id, name } }),
      'run.annotate': ({ id, notes, tags }) => ({
        run: { ...sampleRuns[2]!, id, notes: notes ?? '', tags: tags ?? [] }
      })
    })
    const runs = useRuns()
    runs.text = 'paper'
    runs.kind = 'search'
    await runs.load.run()
    await runs.rename.run('s2', 'Second')
    await runs.annotate.run('s2', 'why', tagsOf(' a, b ,, a'))
    expect(client.calls.map(({ input }) => input)).toEqual([
      { kinds: ['search'], text: 'paper' },
      { id: 's2', name: 'Second' },
      { id: 's2', notes: 'why', tags: ['a', 'b'] }
    ])
    expect(headText(runs.runs[2]!)).toBe('Search by mico within 70 % of int8 #a #b')
  })

  it('keeps a name that was given while the list was read', async () => {
    let reply: (runs: Run[]) => void = () => undefined
    withClient({
      'run.list': () => new Promise((resolve) => (reply = (runs) => resolve({ runs }))) as never,
      'run.rename': ({ id, name }) => ({ run: { ...sampleRuns[2]!, id, name } })
    })
    const runs = useRuns()
    const loading = runs.load.run()
    await Promise.resolve()
    await runs.rename.run(sampleRuns[2]!.id, 'Second')
    reply([...sampleRuns])
    await loading
    expect(runs.runs.find(({ id }) => id === sampleRuns[2]!.id)?.name).toBe('Second')
  })
})
