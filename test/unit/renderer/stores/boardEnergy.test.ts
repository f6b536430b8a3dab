import { describe, expect, it, vi } from 'vitest'
import { useBoardEnergy } from '@renderer/stores/boardEnergy'
import { useGpu } from '@renderer/stores/gpu'
import type { MeasuredNetwork, Recording } from '@shared/contract/gpu'
import { sampleEnergy, sampleRecording } from '../../../e2e/support/sampleGpu'
import { withClient } from './withClient'

const network: MeasuredNetwork = {
  ...{ modelId: 'lenet5', boardId: 'b1', boardName: 'virtual', method: 'ptq', predictedJ: 2e-6 },
  scheme: [{ layer: 'conv1', weightBits: 8, activationBits: 8 }]
}
const measured = (id: string, startedAtMs: number, changes: Partial<Recording> = {}): Recording => ({
  ...sampleRecording,
  ...{ id, startedAtMs, network, state: 'done', ...changes }
})

describe('energy of a network on a board', () => {
  const opened = async (recordings: Recording[]) => {
    const report = vi.fn(({ recordingId }: { recordingId: string }) => ({ ...sampleEnergy, recordingId }))
    const client = withClient({
      'gpu.recordings': () => ({ recordings, unreadable: [] }),
      'energy.report': report
    })
    const energy = useBoardEnergy()
    energy.modelId = 'lenet5'
    await useGpu().loadRecordings.run()
    return { client, energy }
  }

  it('is that of the newest complete measurement of the network, also of an earlier window', async () => {
    const { energy } = await opened([
      measured('old', 1),
      measured('new', 2),
      measured('failed', 3, { state: 'failed' }),
      measured('other', 4, { network: { ...network, modelId: 'other' } }),
      measured('plain', 5, { network: undefined })
    ])
    await vi.waitFor(() => expect(energy.report?.recordingId).toBe('new'))
    expect(energy.recording?.network?.predictedJ).toBe(2e-6)
  })

  it('is the newest that came to its end, before a newer one that was ended early', async () => {
    const early = { network: { ...network, complete: false } }
    const { client, energy } = await opened([
      measured('complete', 1, { network: { ...network, complete: true } }),
      measured('early', 2, early)
    ])
    await vi.waitFor(() => expect(energy.report?.recordingId).toBe('complete'))
    client.emit('gpu.recordingDeleted', { id: 'complete' })
    await vi.waitFor(() => expect(energy.report?.recordingId).toBe('early'))
  })

  it('is that on the shown board, also where another board has a newer or a complete one', async () => {
    const on = (boardId: string, complete: boolean) => ({ network: { ...network, boardId, complete } })
    const { client, energy } = await opened([
      measured('here', 1, on('b1', false)),
      measured('there', 2, on('b2', true))
    ])
    energy.boardId = 'b1'
    await vi.waitFor(() => expect(energy.report?.recordingId).toBe('here'))
    energy.boardId = 'b2'
    await vi.waitFor(() => expect(energy.report?.recordingId).toBe('there'))
    // On a third one it was never measured: what there is says of which board it is.
    energy.boardId = 'b3'
    expect(energy.recording?.id).toBe('there')
    client.emit('gpu.recordingDeleted', { id: 'there' })
    await vi.waitFor(() => expect(energy.report?.recordingId).toBe('here'))
  })

  it('is replaced when a measurement ends, and gone with its recording', async () => {
    const { client, energy } = await opened([measured('old', 1)])
    await vi.waitFor(() => expect(energy.report?.recordingId).toBe('old'))
    client.emit('gpu.recordingChanged', measured('new', 2, { state: 'running' }))
    expect(energy.recording?.id).toBe('old')
    client.emit('gpu.recordingChanged', measured('new', 2))
    await vi.waitFor(() => expect(energy.report?.recordingId).toBe('new'))
    client.emit('gpu.recordingDeleted', { id: 'new' })
    client.emit('gpu.recordingDeleted', { id: 'old' })
    await vi.waitFor(() => expect(energy.report).toBeNull())
  })
})
