import { describe, expect, it, vi } from 'vitest'
import { useGpu } from '@renderer/stores/gpu'
import { AppError } from '@shared/errors'
import { sampleEnergy, sampleGpuList, sampleRecording, sampleTrace } from '../../../e2e/support/sampleGpu'
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

  it('opens what this window recorded once it is complete, and nothing that others recorded', async () => {
    const opened: string[] = []
    const client = withClient({
      'gpu.record': () => ({ jobId: 'j1', recordingId: 'r1' }),
      'gpu.recording': ({ id }) => {
        opened.push(id)
        return { recording: { ...sampleRecording, id }, phases: [], gaps: [] } as never
      },
      'energy.report': () => sampleEnergy,
      'gpu.recordingTrace': () => sampleTrace
    })
    const gpu = useGpu()
    await gpu.record.run({ command: [], durationMs: 1000, intervalMs: 100, idleMs: 0, idleAfterMs: 0 })
    client.emit('gpu.recordingChanged', { ...sampleRecording, state: 'running' })
    client.emit('gpu.recordingChanged', { ...sampleRecording, id: 'other' })
    expect(opened).toEqual([])
    client.emit('gpu.recordingChanged', sampleRecording)
    await vi.waitFor(() => expect(gpu.detail?.recording.id).toBe('r1'))
    client.emit('gpu.recordingChanged', sampleRecording)
    expect(opened).toEqual(['r1'])
  })

  it('never shows the trace or files of one recording under another', async () => {
    let isBroken = false
    withClient({
      'gpu.recording': ({ id }) => ({ recording: { ...sampleRecording, id }, phases: [], gaps: [] }) as never,
      'energy.report': () => sampleEnergy,
      'gpu.recordingTrace': () => {
        if (isBroken) throw new AppError('store.failed', 'Broken.', 'Mend.')
        return sampleTrace
      },
      'gpu.exportRecording': ({ file }) => ({ files: [{ file, rows: 1 }] }) as never
    })
    const gpu = useGpu()
    await gpu.open.run('r1')
    expect(gpu.trace).not.toBeNull()
    isBroken = true
    await gpu.open.run('r2')
    expect(gpu.open.error?.message).toBe('Broken.')
    expect([gpu.detail?.recording.id, gpu.trace]).toEqual(['r2', null])
    await gpu.exportTo.run('r1', '/of-r1.csv')
    expect(gpu.files).toEqual([])
  })
})
