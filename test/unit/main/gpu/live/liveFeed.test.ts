import { afterEach, describe, expect, it, vi } from 'vitest'
import { metricAt, metricCount, type GpuSample } from '@core/gpu/metrics'
import { createBatchWriter } from '@main/gpu/live/batchWriter'
import { batchesOf, createLiveFeed } from '@main/gpu/live/liveFeed'
import type { GpuBatch } from '@shared/contract/gpu'

const sampleAt = (gpuIndex: number, tMs: number, powerW: number): GpuSample => {
  const values = new Float64Array(metricCount).fill(NaN)
  values[metricAt.powerW] = powerW
  return { gpuIndex, tMs, values }
}
afterEach(() => void vi.useRealTimers())

describe('batchesOf', () => {
  it('makes columns per GPU, null for unavailable, and leaves out what no sample has', () => {
    expect(batchesOf([sampleAt(1, 10, 5), sampleAt(0, 11, NaN), sampleAt(1, 20, NaN)])).toEqual([
      { gpuIndex: 1, tMs: [10, 20], metrics: { powerW: [5, null] } },
      { gpuIndex: 0, tMs: [11], metrics: {} }
    ])
  })
})

describe('createLiveFeed', () => {
  it('sends about ten events a second whatever the rate, each sample once and in order', () => {
    vi.useFakeTimers()
    const sent: GpuBatch[][] = []
    const feed = createLiveFeed((batches) => sent.push(batches))
    for (let at = 0; at < 1000; at++) {
      feed.push([sampleAt(0, at, at)])
      vi.advanceTimersByTime(1)
    }
    vi.advanceTimersByTime(200)
    expect(sent.length).toBeLessThanOrEqual(11)
    expect(sent.flatMap(([batch]) => batch!.tMs)).toEqual(Array.from({ length: 1000 }, (_, at) => at))
    expect(feed.dropped).toBe(0)
    expect(feed.achievedHz()).toBeCloseTo(1000)
  })

  it('drops the oldest of a flood, counts them, and keeps them in the history', () => {
    vi.useFakeTimers()
    const sent: { batches: GpuBatch[]; dropped: number }[] = []
    const feed = createLiveFeed((batches, _sequence, dropped) => sent.push({ batches, dropped }))
    feed.push(Array.from({ length: 10_000 }, (_, at) => sampleAt(0, at, at === 17 ? 999 : 50)))
    vi.advanceTimersByTime(200)
    expect(sent).toHaveLength(1)
    expect(sent[0]!.dropped).toBe(6_000)
    expect(sent[0]!.batches[0]!.tMs[0]).toBe(6_000)
    expect(feed.samples).toBe(10_000)
    const history = feed.history(0, 'powerW', 20_000, 100)
    expect(Math.max(...history.max.filter((value) => value !== null))).toBe(999)
  })
})

describe('createBatchWriter', () => {
  it('writes in order, one batch at a time, and nothing after a failed write', async () => {
    const written: number[] = []
    let running = 0
    const writer = createBatchWriter<number>(async (batch) => {
      expect(++running).toBe(1)
      await Promise.resolve()
      if (batch.includes(4_500)) throw new Error('disk full')
      written.push(...batch)
      running--
    })
    for (let i = 0; i < 4_000; i++) writer.add(i)
    await writer.flush()
    expect(written).toEqual(Array.from({ length: 4_000 }, (_, i) => i))
    for (let i = 4_000; i < 5_000; i++) writer.add(i)
    await expect(writer.flush()).rejects.toThrow('disk full')
    const before = written.length
    writer.add(5_000)
    await expect(writer.flush()).rejects.toThrow('disk full')
    expect(written).toHaveLength(before)
  })
})
