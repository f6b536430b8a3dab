import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { metricAt, type GpuSample } from '@core/gpu/metrics'
import { startSmiSampler, type SamplerState, type SmiSampler } from '@main/gpu/smi/smiSampler'
import type { Gap } from '@shared/contract/gpu'
import { spawnWith, standIn, steadyMs, temporaryFolder } from '../../../fixtures/smi/standIn'

const open: SmiSampler[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((sampler) => sampler.stop()))
})

function sample(setup: Record<string, unknown>, more: { smi?: typeof standIn; intervalMs?: number } = {}) {
  const samples: GpuSample[] = []
  const gaps: Gap[] = []
  const states: SamplerState[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  let failed!: () => void
  const whenFailed = new Promise<void>((resolve) => (failed = resolve))
  const sampler = startSmiSampler({
    smi: more.smi ?? standIn,
    spawn: spawnWith(setup),
    fields: ['power.draw', 'clocks.sm', 'temperature.gpu'],
    intervalMs: more.intervalMs ?? 10,
    gpuIndexes: undefined,
    nowMs: steadyMs,
    onSamples(batch) {
      samples.push(...batch)
      for (const waiter of waiting) if (samples.length >= waiter.count) waiter.resolve()
    },
    onGap: (gap) => gaps.push(gap),
    onState(state) {
      states.push(state)
      if (state.state === 'failed') failed()
    }
  })
  open.push(sampler)
  const reached = (count: number): Promise<void> =>
    samples.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve }))
  // A busy machine may delay a line enough to count as a stall; what a test provokes is told apart by its reason.
  const restartGaps = (): Gap[] => gaps.filter((gap) => gap.reason !== 'nvidia-smi stalled')
  return { sampler, samples, gaps, restartGaps, states, reached, whenFailed }
}

const once = () => ({ state: path.join(temporaryFolder(), 'starts') })

describe('startSmiSampler', () => {
  it('reads several GPUs, written in small pieces, onto a rising time axis', async () => {
    const { sampler, samples, reached } = sample({
      gpus: [
        { name: 'a', idleW: 50 },
        { name: 'b', idleW: 80, unavailable: { 'temperature.gpu': 'ERR!' } }
      ],
      chunkBytes: 7,
      pad: true
    })
    await reached(40)
    await sampler.stop()
    for (const gpu of [0, 1]) {
      const own = samples.filter((candidate) => candidate.gpuIndex === gpu)
      expect(own.length).toBeGreaterThanOrEqual(19)
      for (let at = 1; at < own.length; at++) expect(own[at]!.tMs).toBeGreaterThanOrEqual(own[at - 1]!.tMs)
      expect(own[0]!.values[metricAt.powerW]).toBeCloseTo(gpu === 0 ? 50 : 80, 0)
    }
    expect(samples[1]!.values[metricAt.temperatureC]).toBeNaN()
    expect(sampler.malformedLines).toBe(0)
  })

  it.each([
    ['dies', { dieAfter: 12 }, 0],
    ['dies in mid-line', { cutAfter: 12 }, 1]
  ])(
    'starts again when nvidia-smi %s: the gap is marked and no sample is lost',
    async (_name, fault, malformed) => {
      const { sampler, samples, restartGaps, states, reached } = sample({ ...fault, ...once() })
      await reached(24)
      await sampler.stop()
      expect(sampler.restarts).toBe(1)
      expect(sampler.malformedLines).toBe(malformed)
      const gaps = restartGaps()
      expect(gaps).toHaveLength(1)
      // All 12 rows that were printed whole came through, and the gap lies exactly between them and the next.
      expect(gaps[0]!.fromMs).toBe(samples[11]!.tMs)
      expect(gaps[0]!.toMs).toBe(samples[12]!.tMs)
      expect(gaps[0]!.reason).not.toBe('')
      expect(states.map((state) => state.state)).toEqual([
        'starting',
        'running',
        'backingOff',
        'starting',
        'running',
        'stopped'
      ])
    }
  )

  it('ends a hung nvidia-smi and starts it again', async () => {
    const { sampler, samples, restartGaps, reached } = sample({ hangAfter: 5, ...once() })
    await reached(10)
    await sampler.stop()
    expect(sampler.restarts).toBe(1)
    expect(restartGaps()).toMatchObject([{ fromMs: samples[4]!.tMs, toMs: samples[5]!.tMs }])
    expect(restartGaps()[0]!.reason).toContain('hung')
  })

  it('marks a stall of a process that goes on by itself', async () => {
    const { sampler, samples, gaps, reached } = sample({ stallAfter: 5, stallMs: 900, ...once() })
    await reached(10)
    await sampler.stop()
    expect(sampler.restarts).toBe(0)
    expect(gaps).toContainEqual({
      fromMs: samples[4]!.tMs,
      toMs: samples[5]!.tMs,
      reason: 'nvidia-smi stalled'
    })
    // Half a second is the least that counts, however long the sampler has been running.
    for (const gap of gaps) expect(gap.toMs - gap.fromMs).toBeGreaterThan(500)
  })

  it.each([3_600_000, -3_600_000])('is not moved when the wall clock jumps by %d ms', async (stepMs) => {
    const { sampler, samples, gaps, reached } = sample({ stepAtRow: 10, stepMs })
    const startedMs = steadyMs()
    await reached(20)
    await sampler.stop()
    expect(gaps.filter((gap) => gap.toMs - gap.fromMs > 600_000)).toEqual([])
    for (const { tMs } of samples) {
      // Stamps have whole milliseconds, so the first may lie up to one before its line.
      expect(tMs).toBeGreaterThan(startedMs - 2)
      expect(tMs).toBeLessThanOrEqual(steadyMs())
    }
  })

  it('reads on behind garbage and counts it', async () => {
    const { sampler, reached } = sample({ garbageAfter: 5, ...once() })
    await reached(12)
    await sampler.stop()
    expect(sampler.malformedLines).toBe(1)
    expect(sampler.restarts).toBe(0)
  })

  it('fails at once with gpu.noDriver when the driver is gone', async () => {
    const { states, whenFailed } = sample({ trouble: 'noDriver' })
    await whenFailed
    expect(states.at(-1)).toMatchObject({ state: 'failed', error: { code: 'gpu.noDriver' } })
  })

  it('fails with the reason when the program cannot be started', async () => {
    const { states, whenFailed } = sample(
      {},
      { smi: { path: '/nowhere', file: '/nowhere', leadingArguments: [] } }
    )
    await whenFailed
    expect(states.at(-1)).toMatchObject({ state: 'failed', error: { code: 'tool.failed' } })
  })

  it('stops cleanly while it waits to start again', async () => {
    const { sampler, restartGaps, states, reached } = sample({ dieAfter: 3 })
    await reached(3)
    while (states.at(-1)!.state !== 'backingOff') await new Promise((resolve) => setTimeout(resolve, 5))
    await sampler.stop()
    expect(restartGaps()).toHaveLength(1)
  })
})
