import { describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { useMeters } from '@renderer/stores/meter'
import type { LiveMeter } from '@shared/contract/meter'
import { withClient } from './withClient'

const meter: LiveMeter = {
  ...{ id: 'm1', name: 'PPK2 at virtual:ppk2', origin: 'simulated', state: 'running', recordingId: null },
  ...{ startedAtMs: 5_000, lastMs: 400, stepMs: 1, supplyV: 2, readings: 40_000, lost: 0, gaps: 0 },
  ...{ powerW: 0.02, error: null }
}
const envelope = { fromMs: 100, stepMs: 100, min: [1, 2], max: [3, null], mean: [2, null] }

describe('the meter that is looked at', () => {
  it('has a trace with its gaps once a chart shows it, and none before', async () => {
    const trace = vi.fn((_: unknown) => ({ envelope, phases: [{ name: 'rest', fromMs: 0, toMs: 50 }] }))
    const client = withClient({ 'meter.live': () => ({ meters: [meter] }), 'meter.trace': trace })
    const meters = useMeters()
    await meters.load.run()
    client.emit('meter.changed', { ...meter, lastMs: 500 })
    expect(trace).not.toHaveBeenCalled()
    meters.attach()
    await vi.waitFor(() => expect(meters.trace).not.toBeNull())
    expect(meters.trace).toEqual({ timesMs: [150, 250], values: [2, null], low: [1, 2], high: [3, null] })
    expect(meters.phases).toEqual([{ name: 'rest', fromMs: 0, toMs: 50 }])
  })

  it('gives a trigger what came since the last time, without a hole', async () => {
    const asked: unknown[] = []
    const client = withClient({
      'meter.live': () => ({ meters: [meter] }),
      'meter.trace': (input) => {
        if (input.buckets === 4000) asked.push(input)
        return { envelope, phases: [] }
      }
    })
    const meters = useMeters()
    await meters.load.run()
    meters.attach()
    await vi.waitFor(() => expect(asked).toHaveLength(1))
    client.emit('meter.changed', { ...meter, lastMs: 900 })
    await vi.waitFor(() => expect(asked).toHaveLength(2))
    // Two buckets of 1 ms again: the last one was not full.
    expect(asked[1]).toMatchObject({ fromMs: 398, toMs: 900 })
  })

  it('reads a closer look from the recording where the live trace is kept more coarsely', async () => {
    const stored = vi.fn((_: unknown) => ({
      ...envelope,
      fromMs: 10,
      stepMs: 1,
      mean: [5, null],
      min: [5, null],
      max: [5, null]
    }))
    withClient({
      'meter.live': () => ({ meters: [{ ...meter, recordingId: 'r1', lastMs: 3_600_000 }] }),
      'meter.trace': () => ({ envelope, phases: [] }),
      'gpu.recordingTrace': stored,
      'gpu.recording': () => {
        throw new Error('not of this test')
      },
      'run.markers': () => ({ markers: [] })
    })
    const meters = useMeters()
    await meters.load.run()
    meters.attach()
    meters.show([10, 20])
    await vi.waitFor(() => expect(meters.detail?.values).toEqual([5]))
    expect(meters.detailIsStored).toBe(true)
    expect(stored).toHaveBeenCalledWith(
      expect.objectContaining({ id: 'r1', metric: 'powerW', fromMs: 9, toMs: 21 })
    )
    meters.show(null)
    expect(meters.detailIsStored).toBe(false)
  })

  it('keeps marks with the recording, and else in this window', async () => {
    const kept = vi.fn(({ markers }: { markers: { atMs: number; text: string }[] }) => ({ markers }))
    const client = withClient({
      'meter.live': () => ({ meters: [meter] }),
      'meter.trace': () => ({ envelope, phases: [] }),
      'gpu.recording': () => {
        throw new Error('not of this test')
      },
      'run.markers': () => ({ markers: [] }),
      'run.mark': kept
    })
    const meters = useMeters()
    await meters.load.run()
    await meters.mark.run([{ atMs: 7, text: 'here' }])
    expect([meters.isKept, meters.markers]).toEqual([false, [{ atMs: 7, text: 'here' }]])
    expect(kept).not.toHaveBeenCalled()
    client.emit('meter.changed', { ...meter, recordingId: 'r1' })
    await nextTick()
    await vi.waitFor(() => expect(meters.canMark).toBe(true))
    await meters.mark.run([{ atMs: 9, text: '' }])
    expect(kept).toHaveBeenCalledWith({ id: 'r1', markers: [{ atMs: 9, text: '' }] })
  })
})
