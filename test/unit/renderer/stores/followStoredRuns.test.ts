import { expect, it } from 'vitest'
import { followStoredRuns } from '@renderer/stores/followStoredRuns'
import { sampleRuns } from '../../../e2e/support/sampleRuns'
import { withClient } from './withClient'

const search = sampleRuns.find(({ kind }) => kind === 'search')!
const other = sampleRuns.find(({ kind }) => kind === 'deployment')!

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
