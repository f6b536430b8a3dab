import { nextTick } from 'vue'
import { describe, expect, it } from 'vitest'
import { useGpu } from '@renderer/stores/gpu'
import { useLiveMarkers } from '@renderer/stores/traces/liveMarkers'
import type { Marker } from '@shared/contract/run'
import { AppError } from '@shared/errors'
import { sampleRecording } from '../../../../e2e/support/sampleGpu'
import { settle } from '../../mountView'
import { withClient } from '../withClient'

const recording = (id: string, startedAtMs: number, durationMs: number | null) => ({
  ...sampleRecording,
  ...{ id, startedAtMs, durationMs, idleAfterMs: 100, state: durationMs === null ? 'running' : 'done' }
})
const at = (atMs: number, text = ''): Marker => ({ atMs, text })

function serve(kept: Record<string, Marker[]>) {
  return withClient({
    'run.markers': ({ id }: { id: string }) => ({ markers: kept[id] ?? [] }),
    'run.mark': ({ id, markers }: { id: string; markers: Marker[] }) => {
      if (markers.length > 2) throw new AppError('input.invalid', 'Too many.', 'Fewer.')
      return { markers: (kept[id] = markers) }
    }
  })
}

describe('markers on live traces', () => {
  it('go to the recording that runs, by its own time, and before it to the window', async () => {
    const kept: Record<string, Marker[]> = {}
    const client = serve(kept)
    const marks = useLiveMarkers()
    await marks.save.run([at(900, 'before')])
    expect([marks.markers, marks.isKept]).toEqual([[at(900, 'before')], false])
    client.emit('gpu.recordingChanged', recording('r', 1000, null) as never)
    await settle()
    expect([marks.isRead, marks.isKept]).toEqual([true, true])
    await marks.save.run([...marks.markers, at(1500, 'inside')])
    expect(kept['r']).toEqual([at(500, 'inside')])
    expect(marks.markers).toEqual([at(900, 'before'), at(1500, 'inside')])
    expect(marks.save.error).toBeNull()
  })

  it('are those of a recording that ran before this page was opened', async () => {
    const client = serve({ r: [at(10, 'kept')] })
    useGpu()
    client.emit('gpu.recordingChanged', recording('r', 1000, null) as never)
    const marks = useLiveMarkers()
    await settle()
    expect(marks.markers).toEqual([at(1010, 'kept')])
  })

  it('stay where they are when the recording ends; later ones are not its own', async () => {
    const kept: Record<string, Marker[]> = { r: [at(10, 'kept before this window')] }
    const client = serve(kept)
    const marks = useLiveMarkers()
    client.emit('gpu.recordingChanged', recording('r', 1000, null) as never)
    await settle()
    expect(marks.markers).toEqual([at(1010, 'kept before this window')])
    client.emit('gpu.recordingChanged', recording('r', 1000, 500) as never)
    await settle()
    await marks.save.run([...marks.markers, at(1550), at(1700)])
    expect(kept['r']).toEqual([at(10, 'kept before this window'), at(550)])
    client.emit('gpu.recordingDeleted', { id: 'r' })
    await nextTick()
    expect(marks.markers).toEqual([at(1700)])
  })

  it('are taken back where the host refuses them', async () => {
    const kept: Record<string, Marker[]> = { r: [at(10)] }
    const client = serve(kept)
    const marks = useLiveMarkers()
    client.emit('gpu.recordingChanged', recording('r', 1000, null) as never)
    await settle()
    await marks.save.run([at(1010), at(1020), at(1030)])
    expect(marks.save.error?.code).toBe('input.invalid')
    expect(marks.markers).toEqual([at(1010)])
    expect(useGpu().recordings).toHaveLength(1)
  })
})
