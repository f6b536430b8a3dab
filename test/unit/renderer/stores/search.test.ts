import { describe, expect, it, vi } from 'vitest'
import { useSearches } from '@renderer/stores/search'
import { sampleSearch } from '../../../e2e/support/sampleModel'
import { withClient } from './withClient'

const { trace, ...summary } = sampleSearch

describe('search store', () => {
  it('draws the trace live, in order, and nothing twice', async () => {
    const client = withClient({ 'search.get': () => ({ search: { ...summary, trace: trace.slice(0, 3) } }) })
    const searches = useSearches()
    await searches.select.run('s1')
    client.emit('search.traced', { searchId: 's1', candidate: trace[4]!, speed: null })
    client.emit('search.traced', { searchId: 's1', candidate: trace[3]!, speed: null })
    client.emit('search.traced', { searchId: 's1', candidate: trace[3]!, speed: null })
    client.emit('search.traced', { searchId: 'another', candidate: trace[5]!, speed: null })
    expect(searches.trace.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4])
  })

  it('counts the evaluations of a search that runs, open or not', async () => {
    const client = withClient({
      'search.list': () => ({
        searches: [
          { ...summary, speed: null },
          { ...summary, id: 's2', speed: null }
        ]
      }),
      'search.get': () => ({ search: { ...summary, trace: [], speed: null } })
    })
    const searches = useSearches()
    await searches.load.run()
    const speed = { evaluationMs: 300, wallMs: 200, evaluations: 3 }
    client.emit('search.traced', { searchId: 's2', candidate: trace[0]!, speed })
    expect(searches.searches.map((one) => [one.id, one.speed])).toEqual([
      ['s1', null],
      ['s2', speed]
    ])
    expect(searches.trace).toEqual([])
  })

  it('takes over a changed summary', async () => {
    const client = withClient({ 'search.get': () => ({ search: sampleSearch }) })
    const searches = useSearches()
    await searches.select.run('s1')
    client.emit('search.changed', { ...summary, state: 'cancelled' })
    expect(searches.open?.state).toBe('cancelled')
    expect(searches.searches).toHaveLength(1)
  })

  it('keeps the search that was chosen last, however slow an earlier one is read', async () => {
    const replies = new Map<string, () => void>()
    withClient({
      'search.get': ({ searchId }) =>
        new Promise((resolve) =>
          replies.set(searchId, () => resolve({ search: { ...sampleSearch, id: searchId } }))
        )
    })
    const searches = useSearches()
    const both = [searches.select.run('slow'), searches.select.run('fast')]
    await vi.waitFor(() => expect(replies.size).toBe(2), { timeout: 30_000 })
    replies.get('fast')!()
    await both[1]
    replies.get('slow')!()
    await both[0]
    expect(searches.openId).toBe('fast')
  })
})
