import { afterEach, describe, expect, it, vi } from 'vitest'
import { metricAt, metricCount, type GpuSample } from '@core/gpu/metrics'
import { createBatchWriter } from '@main/gpu/live/batchWriter'
import { createLiveFeed } from '@main/gpu/live/liveFeed'
import { createReadings } from '@main/gpu/recording/recordingReadings'
import { AppError } from '@shared/errors'

/** Counts, rates and times of readings, by hand. */
const sample = (gpuIndex: number, tMs: number, temperatureC = NaN): GpuSample => {
  const values = new Float64Array(metricCount).fill(NaN)
  values[metricAt.temperatureC] = temperatureC
  return { gpuIndex, tMs, values }
}
afterEach(() => void vi.useRealTimers())

describe('readings of a recording', () => {
  const make = () => {
    const stored = { samples: [] as GpuSample[], gaps: [] as { fromMs: number; toMs: number }[] }
    const passed: number[] = []
    const readings = createReadings(
      [{ index: 0 }, { index: 3 }] as never,
      {
        samples: { add: (row: GpuSample) => stored.samples.push(row) },
        gaps: { add: (gap: never) => stored.gaps.push(gap) }
      } as never,
      (batch) => passed.push(batch.length)
    )
    return { stored, passed, readings }
  }

  it('are dated from the first one; those of other GPUs are passed on and not stored', () => {
    const { stored, passed, readings } = make()
    expect([readings.zeroMs(), readings.total(), readings.isComplete(), readings.missing()]).toEqual([
      0,
      0,
      false,
      [0, 3]
    ])
    readings.hooks.onSamples([sample(0, 5000, 40), sample(1, 5001, 99), sample(0, 5100)])
    expect([readings.came.aborted, readings.missing(), readings.zeroMs()]).toEqual([false, [3], 5000])
    readings.hooks.onSamples([sample(3, 5150, 51), sample(0, 5200, 42)])
    expect([readings.came.aborted, readings.isComplete(), readings.missing(), readings.total()]).toEqual([
      true,
      true,
      [],
      4
    ])
    expect(stored.samples.map(({ gpuIndex, tMs }) => [gpuIndex, tMs])).toEqual([
      [0, 0],
      [0, 100],
      [3, 150],
      [0, 200]
    ])
    expect(passed).toEqual([3, 2])
    // The last temperature that was read, in the order of the GPUs.
    expect(readings.temperatures()).toEqual([42, 51])
  })

  it('have the rate of the slowest GPU, without the time and the step of a gap', () => {
    const { stored, readings } = make()
    expect(readings.achievedHz()).toBeNull()
    readings.hooks.onSamples([0, 100, 200, 300, 1300, 1400].map((at) => sample(0, 1000 + at)))
    // Five steps in 1400 ms.
    expect(readings.achievedHz()).toBeCloseTo(5000 / 1400, 9)
    readings.hooks.onGap({ fromMs: 1300, toMs: 2300 } as never)
    expect(stored.gaps).toEqual([{ fromMs: 300, toMs: 1300 }])
    // Four steps in 400 ms.
    expect(readings.achievedHz()).toBe(10)
    readings.hooks.onSamples([0, 200, 1200, 1400].map((at) => sample(3, 1000 + at)))
    expect(readings.achievedHz()).toBe(5)
  })

  it('end with the failure of the sampler', () => {
    const { readings } = make()
    readings.hooks.onState({ state: 'restarting' } as never)
    expect([readings.came.aborted, readings.failure()]).toEqual([false, undefined])
    const error = new AppError('gpu.noDriver', 'gone', 'look')
    readings.hooks.onState({ state: 'failed', error } as never)
    expect([readings.came.aborted, readings.failure()]).toEqual([true, error])
  })
})

describe('live readings', () => {
  it('have the rate of the last five seconds of the slowest GPU', () => {
    const feed = createLiveFeed(() => undefined)
    expect(feed.achievedHz()).toBeNull()
    // 10 Hz for ten seconds, then 2 Hz for six.
    for (let tMs = 0; tMs <= 10_000; tMs += 100) feed.push([sample(0, tMs)])
    expect(feed.achievedHz()).toBe(10)
    for (let tMs = 10_500; tMs <= 16_000; tMs += 500) feed.push([sample(0, tMs)])
    expect(feed.achievedHz()).toBe(2)
    for (let tMs = 0; tMs <= 5000; tMs += 250) feed.push([sample(1, tMs)])
    expect(feed.achievedHz()).toBe(2)
    feed.push([sample(2, 1)])
    expect(feed.achievedHz()).toBe(2)
    const { fromMs, min } = feed.history(0, 'temperatureC', 1000, 4)
    expect([fromMs, min]).toEqual([15_000, [null, null, null, null]])
    expect(() => feed.history(7, 'powerW', 1000, 4)).toThrow(/no live readings of GPU 7/)
    feed.close()
  })

  it('that wait are at most 4,000; as many are sent whole', () => {
    vi.useFakeTimers()
    const sent: { sequence: number; count: number }[] = []
    const feed = createLiveFeed((batches, sequence) => sent.push({ sequence, count: batches[0]!.tMs.length }))
    const many = (count: number): GpuSample[] => Array.from({ length: count }, (_, at) => sample(0, at))
    feed.push(many(4000))
    vi.advanceTimersByTime(99)
    expect(sent).toEqual([])
    vi.advanceTimersByTime(1)
    feed.push(many(4001))
    vi.advanceTimersByTime(100)
    expect(sent).toEqual([
      { sequence: 0, count: 4000 },
      { sequence: 1, count: 4000 }
    ])
    expect([feed.samples, feed.dropped]).toEqual([8001, 1])
    feed.push(many(1))
    feed.close()
    vi.advanceTimersByTime(1000)
    expect(sent).toHaveLength(2)
  })
})

describe('rows that are written in batches', () => {
  it('go out at 2,000, or after their time, and at once where no time is given', async () => {
    vi.useFakeTimers()
    const written: number[] = []
    const writer = createBatchWriter<number>(async (batch) => void written.push(batch.length), {
      everyMs: 300
    })
    for (let at = 0; at < 1999; at++) writer.add(at)
    await vi.advanceTimersByTimeAsync(299)
    expect(written).toEqual([])
    writer.add(1999)
    await vi.advanceTimersByTimeAsync(0)
    expect(written).toEqual([2000])
    writer.add(0)
    await vi.advanceTimersByTimeAsync(300)
    expect(written).toEqual([2000, 1])
    const eager: number[] = []
    const now = createBatchWriter<number>(async (batch) => void eager.push(batch.length), { everyMs: 0 })
    now.add(1)
    now.add(2)
    await now.flush()
    expect(eager.reduce((sum, count) => sum + count, 0)).toBe(2)
  })

  it('stop at the first failure, which is said once and thrown by every flush', async () => {
    const failures: unknown[] = []
    const writer = createBatchWriter<number>(async () => Promise.reject(new Error('full')), {
      ...{ everyMs: 0, onFailure: (cause) => failures.push(cause) }
    })
    writer.add(1)
    await expect(writer.flush()).rejects.toThrow('full')
    writer.add(2)
    await expect(writer.flush()).rejects.toThrow('full')
    expect(failures).toHaveLength(1)
  })
})
