import { describe, expect, it, vi } from 'vitest'
import type { PowerHooks } from '@core/meter/powerSampler'
import { powerSample } from '@core/meter/powerSample'
import { createLiveMeters } from '@main/meter/live/liveMeters'
import type { MeterDevice } from '@main/meter/meterDevice'
import type { LiveMeter } from '@shared/contract/meter'
import { AppError } from '@shared/errors'

const context = { signal: new AbortController().signal }
const nothing: PowerHooks = {
  onSamples: () => undefined,
  onGap: () => undefined,
  onState: () => undefined,
  onMark: () => undefined
}

/** Live meters, what they announced, and a meter whose readings the test sends. */
function setUp() {
  const announced: LiveMeter[] = []
  let ids = 0
  const live = createLiveMeters({
    emit: (_, meter) => announced.push(meter as LiveMeter),
    unixMs: () => 1_000_000,
    newId: () => `m${++ids}`
  })
  const open = (intervalMs = 10) => {
    let hooks = nothing
    const device: MeterDevice = {
      ...{ name: 'Text meter at tcp://lab:1', origin: 'measured' as const, intervalMs },
      start(given) {
        hooks = given
        return { restarts: 0, malformedLines: 0, stop: async () => undefined }
      },
      close: async () => undefined
    }
    const meter = live.watch(device, 2)
    meter.device.start(nothing)
    return { meter, send: () => hooks }
  }
  return { live, announced, open }
}

describe('live meters', () => {
  it('show the trace of readings that somebody else gets, from the first reading on', async () => {
    const { live, open } = setUp()
    const { meter, send } = open()
    send().onSamples([powerSample(5_000, 1), powerSample(5_010, 3)])
    send().onSamples([powerSample(5_020, 3)])
    const { envelope } = await live.handlers['meter.trace'](
      { id: meter.id, fromMs: 0, buckets: 100 },
      context
    )
    // Half of 10 ms is the shortest bucket; a line from 1 to 3 W has a mean of 1.5 and 2.5 W in its halves.
    expect(envelope).toMatchObject({ fromMs: 0, stepMs: 5, min: [1, 2, 3, 3], max: [2, 3, 3, 3] })
    expect(envelope.mean).toEqual([1.5, 2.5, 3, 3])
    expect(meter.state()).toMatchObject({ state: 'running', lastMs: 20, readings: 3, startedAtMs: 1_000_000 })
  })

  it('leave a gap where readings are missing, also in the middle of a batch', async () => {
    const { live, open } = setUp()
    const { meter, send } = open()
    send().onGap({ fromMs: 10, toMs: 100, reason: 'lost' })
    send().onSamples([powerSample(0, 1), powerSample(10, 1), powerSample(100, 4), powerSample(110, 4)])
    const { envelope } = await live.handlers['meter.trace'](
      { id: meter.id, fromMs: 0, buckets: 100 },
      context
    )
    expect(envelope.mean.slice(0, 2)).toEqual([1, 1])
    expect(envelope.mean.slice(2, 20).every((value) => value === null)).toBe(true)
    expect(envelope.mean.slice(20, 22)).toEqual([4, 4])
    expect(meter.state().gaps).toBe(1)
  })

  it('show what was measured meanwhile, and the recording that keeps it', async () => {
    const { live, open } = setUp()
    const { meter, send } = open()
    send().onSamples([powerSample(50, 1)])
    const over = meter.began('rest', 60)
    over(90)
    meter.began('work', 95)
    meter.keptIn('r1')
    const { phases } = await live.handlers['meter.trace']({ id: meter.id, fromMs: 0, buckets: 1 }, context)
    expect(phases).toEqual([
      { name: 'rest', fromMs: 10, toMs: 40 },
      { name: 'work', fromMs: 45, toMs: null }
    ])
    expect(meter.state().recordingId).toBe('r1')
  })

  it('say why a meter failed, and forget all ended ones but the last', async () => {
    const { live, open } = setUp()
    const first = open()
    first.send().onState({
      state: 'failed',
      error: new AppError('meter.disconnected', 'It was unplugged.', 'Plug it in.')
    })
    await first.meter.device.close()
    expect(first.meter.state()).toMatchObject({ state: 'failed', error: { code: 'meter.disconnected' } })
    const second = open()
    await second.meter.device.close()
    open()
    const { meters } = await live.handlers['meter.live']({}, context)
    expect(meters.map(({ id, state }) => [id, state])).toEqual([
      ['m3', 'running'],
      ['m2', 'ended']
    ])
    await expect(
      live.handlers['meter.trace']({ id: 'm1', fromMs: 0, buckets: 1 }, context)
    ).rejects.toMatchObject({ code: 'input.notFound' })
  })

  it('forget an ended one when the next one has ended too', async () => {
    vi.useFakeTimers()
    try {
      const { live, open } = setUp()
      for (const { meter } of [open(), open()]) await meter.device.close()
      vi.advanceTimersByTime(100)
      const { meters } = await live.handlers['meter.live']({}, context)
      expect(meters.map(({ id }) => id)).toEqual(['m2'])
    } finally {
      vi.useRealTimers()
    }
  })

  it('announce a meter once in a tenth of a second, however much it reads', () => {
    vi.useFakeTimers()
    try {
      const { announced, open } = setUp()
      const { send } = open()
      for (let at = 0; at < 1000; at++) send().onSamples([powerSample(at, 1)])
      vi.advanceTimersByTime(100)
      expect(announced).toHaveLength(1)
      expect(announced[0]).toMatchObject({ readings: 1000, lastMs: 999 })
    } finally {
      vi.useRealTimers()
    }
  })
})
