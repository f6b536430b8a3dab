import { describe, expect, it } from 'vitest'
import { useGpu } from '@renderer/stores/gpu'
import { sampleGpuList, sampleRecording } from '../../../e2e/support/sampleGpu'
import { withClient } from './withClient'

describe('gpu store', () => {
  it('keeps live readings per GPU and metric, gaps as gaps', () => {
    const client = withClient({})
    const gpu = useGpu()
    client.emit('gpu.sampled', {
      sequence: 1,
      dropped: 2,
      batches: [{ gpuIndex: 0, tMs: [10, 20, 30], metrics: { powerW: [60, null, 62] } }]
    })
    expect([...gpu.ring(0, 'powerW').read().values]).toEqual([60, Number.NaN, 62])
    expect(gpu.ring(1, 'powerW').read().values).toHaveLength(0)
    expect(gpu.dropped).toBe(2)
    expect(gpu.revision).toBe(1)
  })

  it('shows the absence of a driver as a state', async () => {
    withClient({
      'gpu.list': () => ({
        ...sampleGpuList,
        state: 'noDriver',
        gpus: [],
        message: 'No driver.',
        hint: 'Install it.'
      }),
      'gpu.samplingState': () => ({
        state: 'stopped',
        intervalMs: 100,
        achievedHz: null,
        samples: 0,
        restarts: 0,
        gaps: 0,
        malformedLines: 0,
        dropped: 0,
        recordingId: null,
        message: null,
        hint: null
      }),
      'gpu.recordings': () => ({ recordings: [], unreadable: [] })
    })
    const gpu = useGpu()
    await gpu.load.run(false)
    expect(gpu.load.error).toBeNull()
    expect(gpu.list).toMatchObject({ state: 'noDriver', hint: 'Install it.' })
    expect(gpu.isSampling).toBe(false)
  })

  it('follows recordings', () => {
    const client = withClient({})
    const gpu = useGpu()
    client.emit('gpu.recordingChanged', { ...sampleRecording, state: 'running' })
    expect(gpu.runningRecording?.id).toBe('r1')
    client.emit('gpu.recordingChanged', sampleRecording)
    expect(gpu.runningRecording).toBeNull()
    client.emit('gpu.recordingDeleted', { id: 'r1' })
    expect(gpu.recordings).toEqual([])
  })
})
