import { expect, it, vi } from 'vitest'
import { campaignRequestSchema, type Campaign } from '@shared/contract/profile'
import { useAdaptive } from '@renderer/stores/adaptive'
import { followStoredRuns } from '@renderer/stores/followStoredRuns'
import { useProfile } from '@renderer/stores/profile'
import { sampleAdaptiveRun } from '../../../e2e/support/sampleAdaptive'
import { sampleRuns } from '../../../e2e/support/sampleRuns'
import { withClient } from './withClient'

const search = sampleRuns.find(({ kind }) => kind === 'search')!
const other = sampleRuns.find(({ kind }) => kind === 'deployment')!

const campaign: Campaign = {
  ...{ id: 'c1', boardId: 'b', boardName: 'Virtual board, small', state: 'done', done: 2, total: 2 },
  ...{ startedAtMs: 0, finishedAtMs: 1, jobId: null, error: null },
  request: campaignRequestSchema.parse({ boardId: 'b' })
}

/** A list of the searches with these ids, and what was done with it. */
function followed(ids: string[]) {
  const client = withClient({})
  const done: string[] = []
  followStoredRuns(client, 'search', {
    listed: () => ids.map((id) => ({ id })),
    load: () => done.push('load'),
    close: (id) => done.push(`close ${id}`)
  })
  return { client, done }
}

it('a deleted run is closed, and a list that has it is read again', () => {
  const { client, done } = followed([search.id])
  client.emit('run.changed', { ...search, forgotten: true })
  expect(done).toEqual([`close ${search.id}`, 'load'])
})

it('a run that was brought back is read; a new name and runs of other kinds change nothing', () => {
  const { client, done } = followed([])
  client.emit('run.changed', { ...other, forgotten: true })
  expect(done).toEqual([])
  client.emit('run.changed', search)
  expect(done).toEqual(['load'])
  const listing = followed([search.id])
  listing.client.emit('run.changed', { ...search, name: 'Second try' })
  expect(listing.done).toEqual([])
})

it('the page Profile takes deleted campaigns and adaptive runs off its lists, and lists imported ones', async () => {
  const kept = { campaigns: [campaign], adaptive: [sampleAdaptiveRun] }
  const client = withClient({
    'profile.campaigns': () => ({ campaigns: kept.campaigns }),
    'profile.summary': () => ({ groups: [] }),
    'profile.adaptiveRuns': () => ({ runs: kept.adaptive })
  })
  const [profile, adaptive] = [useProfile(), useAdaptive()]
  const idsOf = (): string[] => [...profile.campaigns, ...adaptive.runs].map(({ id }) => id)
  client.emit('session.imported', { runs: [], models: [], notes: [] })
  await vi.waitFor(() => expect(idsOf()).toEqual(['c1', sampleAdaptiveRun.id]))
  Object.assign(kept, { campaigns: [], adaptive: [] })
  client.emit('run.changed', { ...search, id: 'c1', kind: 'campaign', forgotten: true })
  await vi.waitFor(() => expect(idsOf()).toEqual([sampleAdaptiveRun.id]))
  client.emit('run.changed', { ...search, id: sampleAdaptiveRun.id, kind: 'adaptive', forgotten: true })
  await vi.waitFor(() => expect(idsOf()).toEqual([]))
})
