import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { metricAt, metricCount } from '@core/gpu/metrics'
import type { LiveRecording } from '@core/gpu/phaseMarks'
import type { PowerHooks } from '@core/meter/powerSampler'
import { hostReadingClock } from '@core/gpu/readingClock'
import { record, type RecorderDeps } from '@main/gpu/recording/recorder'
import type { RecordRequest } from '@main/gpu/recording/recordRequest'
import type { GpuStore } from '@main/gpu/store/gpuStore'
import type { PhaseMark, Recording } from '@shared/contract/gpu'
import { AppError } from '@shared/errors'

/** A recording on the timers of the test: a reading every 100 ms, the first one 40 ms after the start. */
beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }))
afterEach(() => void vi.useRealTimers())

const requestOf = (more: Partial<RecordRequest> = {}): RecordRequest => ({
  ...{ id: 'rec', title: 'a test', command: [], cwd: undefined, stdin: 'ignore', durationMs: undefined },
  ...{ intervalMs: 100, idleMs: 0, idleAfterMs: 0, looksAfter: false, needsReadings: false },
  gpus: [{ index: 0, name: 'GPU', uuid: 'u', powerField: 'power.draw' }] as never,
  ...{ driverVersion: '1', origin: 'simulated', ...more }
})

function rig(request: RecordRequest, more: { readings?: boolean; store?: Partial<GpuStore> } = {}) {
  const saved: Recording[] = []
  const phases: PhaseMark[] = []
  const samples: number[] = []
  const loads: number[] = []
  const counters: number[] = []
  const seen = {
    progress: [] as [number, string][],
    phases: [] as string[],
    stopped: 0,
    looked: 0,
    released: 0
  }
  const store = {
    save: (recording: Recording) => Promise.resolve(void saved.push({ ...recording })),
    addSamples: (_id: string, batch: { tMs: number }[]) =>
      Promise.resolve(void samples.push(...batch.map(({ tMs }) => tMs))),
    addHostLoad: (_id: string, batch: { tMs: number }[]) =>
      Promise.resolve(void loads.push(...batch.map(({ tMs }) => tMs))),
    addCounters: (_id: string, batch: { tMs: number }[]) =>
      Promise.resolve(void counters.push(...batch.map(({ tMs }) => tMs))),
    addGaps: () => Promise.resolve(),
    savePhases: (_id: string, batch: { phase: PhaseMark }[]) =>
      Promise.resolve(void phases.push(...batch.map(({ phase }) => phase))),
    countSamples: () => Promise.resolve(77),
    ...more.store
  } as unknown as GpuStore
  let live: LiveRecording | undefined
  let power: PowerHooks | undefined
  let onCounter: ((reading: never) => void) | undefined
  const cancel = new AbortController()
  const stop = new AbortController()
  const deps: RecorderDeps = {
    ...{
      store,
      spawn: (() => undefined) as never,
      clock: hostReadingClock(() => Date.now()),
      unixMs: () => Date.now()
    },
    readHostLoad: () => Promise.resolve({ tMs: Date.now() } as never),
    evidence: {
      fields: () => ({ strangersUnknown: `released ${seen.released}` }) as never,
      startCounters: (listener) => void (onCounter = listener as never),
      stopCounters: () => Promise.resolve(),
      lookAfter: () => Promise.resolve(void seen.looked++),
      release: () => Promise.resolve(void seen.released++)
    },
    startSampler(hooks) {
      power = hooks
      const read = (): void => {
        const values = new Float64Array(metricCount).fill(NaN)
        values[metricAt.temperatureC] = 40 + samples.length
        hooks.onSamples([{ gpuIndex: 0, tMs: Date.now(), values }])
      }
      const timers = [setTimeout(() => read(), 40), setInterval(() => Date.now() > 1_000_100 && read(), 100)]
      if (more.readings === false) timers.forEach(clearTimeout)
      return Promise.resolve({
        ...{ restarts: 2, malformedLines: 3, about: () => ({ model: 'meter' }) as never },
        stop: () => Promise.resolve((timers.forEach(clearTimeout), void seen.stopped++))
      })
    },
    ...{ onSamples: () => undefined, onChanged: () => undefined, onOutput: () => undefined },
    onPhase: (name, state, atMs) => void seen.phases.push(`${name} ${state} ${atMs}`),
    onStarted: (started) => void (live = started),
    progress: (elapsedMs, note) => void seen.progress.push([elapsedMs, note])
  }
  const recording = record(request, deps, cancel.signal, stop.signal)
  recording.catch(() => undefined)
  return {
    ...{ recording, saved, phases, samples, loads, counters, seen, cancel, stop },
    live: () => live!,
    power: () => power!,
    counter: (tMs: number) => onCounter!({ tMs } as never),
    pass: (ms: number) => vi.advanceTimersByTimeAsync(ms)
  }
}

describe('a recording of a time', () => {
  it('begins with its first reading, lasts as long as requested, and goes on for the last phase', async () => {
    const { recording, pass, saved, samples, seen } = rig(requestOf({ durationMs: 1000 }))
    await pass(40)
    // The first reading came 40 ms after the start.
    expect(saved[0]).toMatchObject({
      state: 'running',
      startedAtMs: 1_000_040,
      durationMs: null,
      askedHz: 10
    })
    await pass(1000)
    expect(seen.stopped).toBe(0)
    await pass(300)
    const ended = await recording
    expect(ended).toMatchObject({
      state: 'done',
      durationMs: 1000,
      message: null,
      exitCode: null,
      idleAfterMs: 0
    })
    expect(ended).toMatchObject({ restarts: 2, malformedLines: 3, meter: { model: 'meter' } })
    // At 40, 200, 300, ... 1300 ms of the test: three intervals behind the end.
    expect(samples).toEqual([0, ...Array.from({ length: 12 }, (_, at) => 160 + 100 * at)])
    expect(ended.samples).toBe(13)
    expect(saved.at(-1)).toEqual(ended)
    // Counts and counters are read before clocks and libraries are given back, and their end is stored.
    expect([seen.released, ended.strangersUnknown, seen.looked]).toEqual([1, 'released 1', 0])
    expect(seen.progress.slice(0, 2)).toEqual([
      [250, ''],
      [500, '']
    ])
  })

  it('begins with the first reading of any GPU, also where another one comes later', async () => {
    const gpus = [0, 1].map((index) => ({
      index,
      name: 'GPU',
      uuid: `${index}`,
      powerField: 'power.draw'
    })) as never
    const { recording, pass, power, saved, stop } = rig(requestOf({ gpus }))
    await pass(140)
    power().onSamples([{ gpuIndex: 1, tMs: 1_000_140, values: new Float64Array(metricCount).fill(NaN) }])
    await pass(1)
    expect(saved[0]).toMatchObject({ startedAtMs: 1_000_040, temperatureBeforeC: [40, null] })
    stop.abort()
    await pass(300)
    await recording
  })

  it('dates what is read beside the power from the first reading, and leaves out what came before it', async () => {
    const { recording, pass, counter, counters, loads } = rig(requestOf({ durationMs: 1500 }))
    await pass(10)
    counter(1_000_005)
    await pass(30)
    counter(1_000_240)
    await pass(3000)
    await recording
    expect(counters).toEqual([200])
    // The host's load every second: 0 (before the first reading), 1000 and so on.
    expect(loads).toEqual([960])
  })

  it('looks for other processes at its end where it is to', async () => {
    const { recording, pass, seen } = rig(requestOf({ durationMs: 100, looksAfter: true, idleAfterMs: 900 }))
    await pass(140 + 899)
    expect(seen.stopped).toBe(0)
    await pass(1)
    expect(await recording).toMatchObject({ state: 'done', idleAfterMs: 0 })
    expect(seen.looked).toBe(1)
  })

  it('is stopped as done and cancelled as cancelled, at once', async () => {
    const stopped = rig(requestOf())
    await stopped.pass(540)
    stopped.stop.abort()
    await stopped.pass(300)
    expect(await stopped.recording).toMatchObject({ state: 'done', durationMs: 500 })
    const cancelled = rig(requestOf({ looksAfter: true }))
    await cancelled.pass(540)
    cancelled.cancel.abort()
    await cancelled.pass(1)
    const ended = await cancelled.recording
    expect(ended).toMatchObject({
      state: 'cancelled',
      message: 'Cancelled; the samples up to then are kept.'
    })
    expect(cancelled.seen.looked).toBe(0)
  })
})

describe('phases of a recording without a command', () => {
  it('are dated by when they were printed, and end with it', async () => {
    const { recording, pass, live, phases, seen, stop } = rig(requestOf())
    await pass(140)
    live().mark({ name: 'a', state: 'begin', repetitions: null }, 30)
    await pass(100)
    live().mark({ name: 'a', state: 'end', repetitions: 5 })
    live().mark({ name: 'b', state: 'begin', repetitions: null }, 900)
    await pass(60)
    stop.abort()
    await pass(0)
    live().mark({ name: 'c', state: 'begin', repetitions: null })
    await pass(300)
    await recording
    expect(seen.phases).toEqual(['a begin 70', 'a end 200', 'b begin 0'])
    const last = phases.filter(({ name, toMs, ended }) => ended || (name === 'b' && toMs > 0))
    expect(last).toEqual([
      { name: 'a', trial: 1, fromMs: 70, toMs: 200, repetitions: 5, ended: true },
      { name: 'b', trial: 1, fromMs: 0, toMs: 260, repetitions: null, ended: false }
    ])
  })

  it('are also those that the instrument saw', async () => {
    const { recording, pass, power, seen, stop } = rig(requestOf())
    await pass(140)
    power().onMark({ name: 'pin', state: 'begin', repetitions: null }, 1_000_090)
    await pass(0)
    stop.abort()
    await pass(300)
    await recording
    expect(seen.phases).toEqual(['pin begin 50'])
  })

  it('leave what is read meanwhile to whoever makes the work', async () => {
    const network = { name: 'net', complete: false } as never
    const { recording, pass, live, samples, stop } = rig(requestOf({ network }))
    await pass(340)
    expect(live().temperatures()).toEqual([40])
    expect(samples).toEqual([])
    expect(await live().stored()).toBe(true)
    expect(samples).toEqual([0, 160, 260])
    live().complete()
    stop.abort()
    await pass(300)
    expect((await recording).network).toEqual({ name: 'net', complete: true })
  })
})

describe('a recording that cannot go on', () => {
  it('gives up after 30 s without a reading', async () => {
    const { recording, pass, seen, saved } = rig(requestOf(), { readings: false })
    await pass(29_999)
    expect(seen.stopped).toBe(0)
    await pass(400)
    await expect(recording).rejects.toMatchObject({
      code: 'gpu.samplerDied',
      message: 'No reading of GPU 0 came within 30 s.'
    })
    expect(saved.at(-1)).toMatchObject({ state: 'failed', message: 'No reading of GPU 0 came within 30 s.' })
  })

  const died = new AppError('gpu.samplerDied', 'It died.', 'Look.')
  it('ends as done with the reason where its times count without readings', async () => {
    const { recording, pass, power } = rig(requestOf({ durationMs: 500 }))
    await pass(200)
    power().onState({ state: 'failed', error: died })
    await pass(700)
    expect(await recording).toMatchObject({ state: 'done', durationMs: 500, message: 'It died.' })
  })

  it('fails where it is made of readings alone', async () => {
    const { recording, pass, power, saved } = rig(requestOf({ durationMs: 5000, needsReadings: true }))
    await pass(240)
    power().onState({ state: 'failed', error: died })
    await pass(400)
    await expect(recording).rejects.toBe(died)
    expect(saved.at(-1)).toMatchObject({ state: 'failed', message: 'It died.', durationMs: 200 })
  })

  it('fails with its first write that fails, and counts what was stored', async () => {
    const store = { addSamples: () => Promise.reject(new Error('disk full')) } as unknown as Partial<GpuStore>
    const { recording, pass, saved, seen } = rig(requestOf(), { store })
    await pass(3000)
    await expect(recording).rejects.toThrow()
    expect(saved.at(-1)).toMatchObject({ state: 'failed', samples: 77 })
    expect(seen.stopped).toBeGreaterThan(0)
  })

  it('fails before it is stored where the sampler failed at once', async () => {
    const { recording, pass, power } = rig(requestOf(), { readings: false })
    await pass(10)
    power().onState({ state: 'failed', error: died })
    await pass(400)
    await expect(recording).rejects.toBe(died)
  })
})
