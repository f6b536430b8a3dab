import { describe, expect, it } from 'vitest'
import { powerSample } from '@core/meter/powerSample'
import type { PowerHooks } from '@core/meter/powerSampler'
import type { MeterDevice } from '@main/meter/meterDevice'
import { shareMeter } from '@main/meter/sharedMeter'
import { AppError } from '@shared/errors'

function fakeMeter() {
  const state = { started: 0, stopped: 0, closed: 0, hooks: null as PowerHooks | null }
  const device: MeterDevice = {
    ...{ name: 'fake', origin: 'measured', intervalMs: 1 },
    start(hooks) {
      state.started++
      state.hooks = hooks
      return { stop: async () => void state.stopped++, restarts: 2, malformedLines: 3 }
    },
    close: async () => void state.closed++
  }
  return { state, shared: shareMeter(device) }
}
function listener() {
  const seen: string[] = []
  const hooks: PowerHooks = {
    onSamples: (samples) => samples.forEach(({ tMs }) => seen.push(`reading ${tMs}`)),
    onGap: ({ fromMs, toMs }) => seen.push(`gap ${fromMs} ${toMs}`),
    onMark: ({ name }, tMs) => seen.push(`${name} ${tMs}`),
    onState: ({ error }) => seen.push(error.code)
  }
  return { seen, hooks }
}

describe('a meter that two read', () => {
  it('is started once, gives each what comes while it reads, and is stopped by the last', async () => {
    const { state, shared } = fakeMeter()
    const [one, other] = [listener(), listener()]
    const first = shared.reader().start(one.hooks)
    state.hooks!.onSamples([powerSample(1, 5)])
    const second = shared.reader().start(other.hooks)
    state.hooks!.onSamples([powerSample(2, 5)])
    state.hooks!.onGap({ fromMs: 2, toMs: 3, reason: 'lost' })
    await second.stop()
    await second.stop()
    state.hooks!.onMark({ name: 'D0', state: 'begin', repetitions: null }, 4)
    expect([state.started, state.stopped]).toEqual([1, 0])
    expect([second.restarts, first.malformedLines]).toEqual([2, 3])
    await first.stop()
    expect(one.seen).toEqual(['reading 1', 'reading 2', 'gap 2 3', 'D0 4'])
    expect(other.seen).toEqual(['reading 2', 'gap 2 3'])
    expect(state.stopped).toBe(1)
  })

  it('is closed by its owner alone', async () => {
    const { state, shared } = fakeMeter()
    await shared.reader().close()
    expect(state.closed).toBe(0)
    await shared.close()
    expect(state.closed).toBe(1)
  })

  it('reports a failure also to a reader that starts after it', async () => {
    const { state, shared } = fakeMeter()
    const [one, late] = [listener(), listener()]
    shared.reader().start(one.hooks)
    state.hooks!.onState({ state: 'failed', error: new AppError('meter.unreadable', 'no', 'yes') })
    shared.reader().start(late.hooks)
    expect(late.seen).toEqual([])
    await Promise.resolve()
    expect([one.seen, late.seen]).toEqual([['meter.unreadable'], ['meter.unreadable']])
  })
})
