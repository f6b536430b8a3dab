import { describe, expect, it } from 'vitest'
import { useDeployments } from '@renderer/stores/deploy'
import { useGpu } from '@renderer/stores/gpu'
import { useSearches } from '@renderer/stores/search'
import { useLastRuns } from '@renderer/stores/window/lastRuns'
import type { Recording } from '@shared/contract/gpu'
import { sampleEnergy, sampleRecording, sampleTrace } from '../../../../e2e/support/sampleGpu'
import { sampleSearch } from '../../../../e2e/support/sampleModel'
import { withClient } from '../withClient'

const { trace: _, ...summary } = sampleSearch

describe('the run that was open last', () => {
  it('is shown again while it is in the list, else the newest', async () => {
    const asked: string[] = []
    withClient({
      'search.list': () => ({
        searches: [
          { ...summary, id: 'new', startedAtMs: 2, speed: null },
          { ...summary, id: 'old', startedAtMs: 1, speed: null }
        ]
      }),
      'search.get': ({ searchId }) => {
        asked.push(searchId)
        return { search: { ...sampleSearch, id: searchId } }
      }
    })
    const last = useLastRuns()
    last.ids = { search: 'old' }
    await useSearches().load.run()
    last.ids = { search: 'deleted' }
    useSearches().openId = null
    await useSearches().load.run()
    expect(asked).toEqual(['old', 'new'])
    expect(last.ids).toEqual({ search: 'new' })
  })

  it('is no recording that still runs, nor instead of the one that is open', async () => {
    const recording = (id: string, state: Recording['state']): Recording => ({
      ...sampleRecording,
      id,
      state
    })
    const recordings = [recording('a', 'done'), recording('b', 'running')]
    const client = withClient({
      'gpu.recordings': () => ({ recordings, unreadable: [] }),
      'gpu.recording': ({ id }) => ({ recording: recording(id, 'done'), phases: [], gaps: [] }),
      'energy.report': () => sampleEnergy,
      'gpu.recordingTrace': () => sampleTrace
    })
    const [gpu, last] = [useGpu(), useLastRuns()]
    await gpu.loadRecordings.run()
    const opened = (): unknown[] =>
      client.calls.filter(({ name }) => name === 'gpu.recording').map(({ input }) => input)
    last.ids = { recording: 'b' }
    await gpu.reopen()
    expect(opened()).toEqual([])
    last.ids = { recording: 'a' }
    await gpu.reopen()
    await gpu.reopen()
    expect(opened()).toEqual([{ id: 'a' }])
    expect(gpu.detail?.recording.id).toBe('a')
  })

  it('is the deployment that was chosen', () => {
    withClient({})
    const deployments = useDeployments()
    expect(deployments.openId).toBeNull()
    deployments.openId = 'd3'
    expect(useLastRuns().ids).toEqual({ deployment: 'd3' })
  })
})
