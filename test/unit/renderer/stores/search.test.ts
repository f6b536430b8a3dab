import { describe, expect, it } from 'vitest'
import { useSearches } from '@renderer/stores/search'
import { sampleSearch } from '../../../e2e/support/sampleModel'
import { withClient } from './withClient'

const { trace, ...summary } = sampleSearch

describe('search store', () => {
  it('draws the trace live, in order, and nothing twice', async () => {
    const client = withClient({ 'search.get': () => ({ search: { ...summary, trace: trace.slice(0, 3) } }) })
    const searches = useSearches()
    await searches.select.run('s1')
    client.emit('search.traced', { searchId: 's1', candidate: trace[4]! })
    client.emit('search.traced', { searchId: 's1', candidate: trace[3]! })
    client.emit('search.traced', { searchId: 's1', candidate: trace[3]! })
    client.emit('search.traced', { searchId: 'another', candidate: trace[5]! })
    expect(searches.trace.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4])
  })

  it('takes over a changed summary', async () => {
    const client = withClient({ 'search.get': () => ({ search: sampleSearch }) })
    const searches = useSearches()
    await searches.select.run('s1')
    client.emit('search.changed', { ...summary, state: 'cancelled' })
    expect(searches.open?.state).toBe('cancelled')
    expect(searches.searches).toHaveLength(1)
  })
})
