import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { metricAt, metricCount, type GpuSample } from '@core/gpu/metrics'
import { createRandom } from '@core/math/random'
import { createGpuStore, type GpuStore } from '@main/gpu/store/gpuStore'
import { gpuMigrations } from '@main/gpu/store/gpuTables'
import { openStore, type Store } from '@main/store/store'
import { recordingSchema, type Envelope } from '@shared/contract/gpu'
import { readingsOf } from '../../../../support/readingsOf'

let store: Store
let gpus: GpuStore
beforeEach(async () => {
  store = await openStore({ file: ':memory:', migrations: [gpuMigrations] })
  gpus = createGpuStore(store)
})
afterEach(() => store.close())

const recording = recordingSchema.parse({
  ...{
    id: 'r',
    title: 't',
    state: 'done',
    origin: 'simulated',
    command: [],
    startedAtMs: 1,
    durationMs: 600_000
  },
  ...{
    exitCode: null,
    gpus: [],
    driverVersion: '',
    powerFields: [],
    intervalMs: 100,
    askedHz: 10,
    achievedHz: 10
  },
  ...{ samples: 0, restarts: 0, malformedLines: 0, temperatureBeforeC: [], temperatureAfterC: [], idleMs: 0 },
  ...{
    powerLimitsW: [],
    idleAfterMs: 0,
    strangers: [],
    strangersUnknown: null,
    clockLock: null,
    migGpus: []
  },
  counter: { state: 'read', reason: null, source: null },
  cpuCounter: { state: 'read', reason: null, source: null },
  message: null
})

/** Ten minutes of two GPUs at irregular times, one reading in eight unavailable, a hole of a minute in the middle. */
function readings(fromMs: number, toMs: number, seed: number): GpuSample[] {
  const random = createRandom(seed)
  const out: GpuSample[] = []
  for (let tMs = fromMs; tMs < toMs; tMs += 20 + random.integer(900)) {
    if (tMs > 270_000 && tMs < 330_000) continue
    for (const gpuIndex of [0, 3]) {
      const values = new Float64Array(metricCount).fill(NaN)
      if (random.integer(8) > 0) values[metricAt.powerW] = 100 * gpuIndex + random.integer(1000) / 8
      values[metricAt.temperatureC] = random.integer(90)
      out.push({ gpuIndex, tMs: tMs + gpuIndex, values })
    }
  }
  return out
}

/** The envelope counted reading by reading, in the buckets that the result names. */
function counted(samples: readonly GpuSample[], gpuIndex: number, at: number, asked: Envelope): Envelope {
  const buckets = asked.min.map((): number[] => [])
  for (const { gpuIndex: gpu, tMs, values } of samples) {
    const bucket = buckets[Math.floor((tMs - asked.fromMs) / asked.stepMs)]
    if (gpu === gpuIndex && bucket !== undefined && !Number.isNaN(values[at]!)) bucket.push(values[at]!)
  }
  const each = (make: (values: number[]) => number): (number | null)[] =>
    buckets.map((values) => (values.length === 0 ? null : make(values)))
  return {
    ...asked,
    min: each((values) => Math.min(...values)),
    max: each((values) => Math.max(...values)),
    mean: each((values) => values.reduce((sum, value) => sum + value, 0) / values.length)
  }
}

function expectEqual(found: Envelope, expected: Envelope): void {
  expect(found.min).toEqual(expected.min)
  expect(found.max).toEqual(expected.max)
  for (const [bucket, mean] of expected.mean.entries()) {
    if (mean === null) expect(found.mean[bucket]).toBeNull()
    else expect(found.mean[bucket]).toBeCloseTo(mean, 9)
  }
}

describe('the envelope of a long recording', () => {
  it('is that of its readings, in buckets of whole seconds that cover what was asked for', async () => {
    const samples = readings(0, 600_000, 7)
    await gpus.save(recording)
    await gpus.addSamples('r', samples)
    for (const [fromMs, toMs, buckets] of [
      [0, 600_000, 100],
      [1_234, 599_999, 60],
      [100_500, 400_300, 7]
    ] as const) {
      const found = await gpus.envelope('r', 3, 'powerW', fromMs, toMs, buckets)
      expect(found.stepMs % 1000).toBe(0)
      expect(found.fromMs).toBeLessThanOrEqual(fromMs)
      expect(found.fromMs + found.stepMs * found.min.length).toBeGreaterThan(toMs)
      expect(found.min.length).toBeLessThanOrEqual(buckets)
      expectEqual(found, counted(samples, 3, metricAt.powerW, found))
    }
    const zoomed = await gpus.envelope('r', 0, 'temperatureC', 10_000, 20_000, 10)
    expect([zoomed.fromMs, zoomed.stepMs]).toEqual([10_000, 1000])
    expectEqual(zoomed, counted(samples, 0, metricAt.temperatureC, zoomed))
  })

  it('follows a recording that is still running, without counting a reading twice', async () => {
    await gpus.save({ ...recording, state: 'running', durationMs: null })
    const early = readings(0, 200_000, 1)
    const late = readings(200_000, 600_000, 2)
    await gpus.addSamples('r', early)
    const before = await gpus.envelope('r', 0, 'powerW', 0, 199_000, 20)
    expectEqual(before, counted(early, 0, metricAt.powerW, before))
    await gpus.addSamples('r', late)
    await gpus.save(recording)
    const after = await gpus.envelope('r', 0, 'powerW', 0, 600_000, 50)
    expectEqual(after, counted([...early, ...late], 0, metricAt.powerW, after))
    // A request that met the seconds while they were being made found them as they were; the next one completes them.
    expect(await gpus.envelope('r', 0, 'powerW', 0, 600_000, 50)).toEqual(after)
    const [kept] = await store.all<{ readings: number }>(
      'SELECT sum(power_w_count)::INTEGER AS readings FROM gpu_second'
    )
    expect(kept!.readings).toBe(
      [...early, ...late].filter(({ values }) => values[metricAt.powerW]! >= 0).length
    )
  })

  it('goes with its recording', async () => {
    await gpus.save(recording)
    await gpus.addSamples('r', readings(0, 60_000, 3))
    await gpus.envelope('r', 0, 'powerW', 0, 60_000, 10)
    await gpus.delete('r')
    expect(
      await store.all('SELECT * FROM gpu_second UNION ALL BY NAME SELECT * FROM gpu_seconds_until')
    ).toEqual([])
  })
})

describe('readings', () => {
  it('are in order of time although the readings were stored otherwise', async () => {
    await gpus.save(recording)
    const samples = readings(0, 20_000, 4)
    await gpus.addSamples('r', [...samples.slice(20), ...samples.slice(0, 20)])
    const { tMs, values } = await readingsOf(gpus, 'r', 3, 'powerW')
    const own = samples.filter(({ gpuIndex }) => gpuIndex === 3)
    expect([...tMs]).toEqual(own.map((sample) => sample.tMs))
    expect([...values]).toEqual(own.map((sample) => sample.values[metricAt.powerW]))
  })
})
