import { describe, expect, it } from 'vitest'
import { createEnergyService } from '@main/energy/energyService'
import type { RecordingSource } from '@main/energy/recordingSource'
import { energyReportSchema, type EnergyReport } from '@shared/contract/energy'
import { recordingSchema } from '@shared/contract/gpu'

const recording = recordingSchema.parse({
  id: 'r1',
  title: 'two GPUs',
  state: 'done',
  origin: 'measured',
  command: ['bench'],
  startedAtMs: 1,
  durationMs: 20_000,
  exitCode: 0,
  gpus: [
    { index: 0, name: 'NVIDIA A100-SXM4-40GB', uuid: null },
    { index: 3, name: 'NVIDIA Unheard-of 9', uuid: null }
  ],
  driverVersion: '550.54.15',
  powerFields: ['power.draw.instant', null],
  intervalMs: 100,
  askedHz: 10,
  achievedHz: 10,
  samples: 402,
  restarts: 0,
  malformedLines: 0,
  temperatureBeforeC: [35, null],
  temperatureAfterC: [61, null],
  powerLimitsW: [400, null],
  idleMs: 4_000,
  idleAfterMs: 0,
  counter: { state: 'read', reason: null, source: 'libnvidia-ml.so.1' },
  cpuCounter: { state: 'read', reason: null, source: 'package-0' },
  strangers: [],
  strangersUnknown: null,
  clockLock: null,
  migGpus: [],
  message: null
})

/** A counter that moves every 100 ms, as a load of `watt(t)` would make it. */
function counterOf(watt: (tMs: number) => number): { tMs: Float64Array; energyJ: Float64Array } {
  let energyJ = 1e6
  const tMs = Float64Array.from({ length: 201 }, (_, at) => at * 100)
  return { tMs, energyJ: tMs.map((t) => (energyJ += t === 0 ? 0 : 0.1 * watt(t))) }
}

function serve(changes: Partial<typeof recording> = {}, counterScale = 1, throttleMask = 1, chunk = 201) {
  const asked: string[] = []
  const saved: EnergyReport[] = []
  const source: RecordingSource = {
    recording: async () => ({ ...recording, ...changes }),
    phases: async () =>
      [1, 2, 3, 4].map((trial) => ({
        name: 'fp16',
        trial,
        fromMs: 2_000 + trial * 3_000,
        toMs: 4_000 + trial * 3_000,
        repetitions: 4,
        ended: true
      })),
    gaps: async () => [],
    lastMs: async () => 20_000,
    async readings(_id, metrics, begin) {
      asked.push(metrics.join())
      const rows = Array.from({ length: 201 }, (_, at) => at).flatMap((at) =>
        // 40 W at rest and 140 W from the command on, with a ripple that averages to zero.
        [0, 3, 7].map((gpu) => {
          const power = gpu === 3 ? NaN : (at < 40 ? 40 : 140) + (at % 7) - 3
          // GPU 0 is read from the first column, GPU 3 from the second.
          return gpu === 0
            ? [gpu, at * 100, power, 999, throttleMask]
            : [gpu, at * 100, 999, power, throttleMask]
        })
      )
      // Begins, turns out to be out of order, and begins once more.
      await begin()([0, 1, 2, 3, 4].map((column) => Float64Array.from([rows[50]![column]!])))
      const take = begin()
      for (let from = 0; from < rows.length; from += chunk) {
        const part = rows.slice(from, from + chunk)
        await take([0, 1, 2, 3, 4].map((column) => Float64Array.from(part, (row) => row[column]!)))
      }
    },
    async readingsWithin(_id, metric, { gpuIndex, fromMs, toMs }, begin) {
      asked.push(`${metric} of ${gpuIndex} from ${fromMs} to ${toMs}`)
      // Begins, turns out to be out of order, and begins once more.
      await begin()([Float64Array.of(fromMs), Float64Array.of(999)])
      const take = begin()
      for (let at = Math.ceil(fromMs / 100); at * 100 <= toMs; at++) {
        await take([Float64Array.of(at * 100), Float64Array.of(at)])
      }
    },
    counter: async (_id, source, _name, gpuIndex) =>
      source === 'rapl'
        ? counterOf(() => 65)
        : gpuIndex === 3
          ? { tMs: new Float64Array(0), energyJ: new Float64Array(0) }
          : counterOf((t) => counterScale * (t <= 4_000 ? 40 : 140)),
    counterZones: async () => ['package-0']
  }
  const service = createEnergyService({
    source: async () => source,
    store: async () => ({
      save: async (report) => void saved.push(report),
      find: async (id) => saved.find((report) => report.recordingId === id) ?? null,
      forget: async () => undefined,
      export: async () => 0
    })
  })
  return { service, asked, saved }
}

describe('energy.report', () => {
  it('reads the field the recording was taken with, and keeps the report', async () => {
    const { service, asked, saved } = serve()
    const report = energyReportSchema.parse(await service.report('r1'))
    expect(asked).toEqual(['powerInstantW,powerW,throttleMask'])
    expect(saved).toEqual([report])
    expect(report.gpus[0]).toMatchObject({ temperatureBeforeC: 35, temperatureAfterC: 61, askedHz: 10 })
    const summary = report.summaries.find((candidate) => candidate.gpuIndex === 0)!
    expect(summary).toMatchObject({ verdict: 'VALID', per: 'repetition' })
    // (140 - 40) W for 2 s over 4 repetitions.
    expect(summary.netJ!.mean).toBeCloseTo(50, 0)
  })

  it('calls a GPU without power readings INVALID, with nothing in place of its figures', async () => {
    const report = await serve().service.report('r1')
    const summary = report.summaries.find((candidate) => candidate.gpuIndex === 3)!
    expect(summary).toMatchObject({ verdict: 'INVALID', totalJ: null, netJ: null, meanW: null })
    expect(
      report.phases.filter((phase) => phase.gpuIndex === 3).every((phase) => phase.totalJ === null)
    ).toBe(true)
  })

  it('widens the intervals with the confidence asked for', async () => {
    const { service } = serve()
    const width = async (confidence: number): Promise<number> => {
      const { totalJ } = (await service.report('r1', confidence)).summaries[0]!
      return totalJ!.high - totalJ!.low
    }
    expect(await width(0.99)).toBeGreaterThan(await width(0.8))
  })

  it('reads the readings once; what was kept is given back at any confidence as if just made', async () => {
    const { service, asked, saved } = serve()
    await service.report('r1', 0.8)
    const reads = asked.length
    const again = await service.report('r1', 0.99)
    expect(asked.length).toBe(reads)
    expect(saved.length).toBe(1)
    expect(again).toEqual(await serve().service.report('r1', 0.99))
  })

  it('gives the same report in whatever chunks the readings come', async () => {
    const report = await serve().service.report('r1')
    expect(report.phases[0]).toMatchObject({ gpuIndex: 0, samples: 161 })
    expect(await serve({}, 1, 1, 7).service.report('r1')).toEqual(report)
  })

  it('refuses a recording that is still running', async () => {
    await expect(serve({ state: 'running' }).service.report('r1')).rejects.toMatchObject({
      code: 'input.invalid'
    })
  })
})

describe('what was read beside the power', () => {
  const fp16 = async (...setup: Parameters<typeof serve>) => {
    const report = energyReportSchema.parse(await serve(...setup).service.report('r1'))
    const summary = report.summaries.find(({ gpuIndex, name }) => gpuIndex === 0 && name === 'fp16')!
    return { report, summary, phase: report.phases.find(({ name }) => name === 'fp16')! }
  }

  it('shows the counter beside the integral and the processor beside both', async () => {
    const { report, summary, phase } = await fp16()
    // 140 W for 2 s.
    expect(phase.counterJ).toBeCloseTo(280, 6)
    expect(phase.totalJ).toBeCloseTo(280, 0)
    expect(Math.abs(phase.counterDifference!)).toBeLessThan(0.01)
    expect(summary.verdict).toBe('VALID')
    const cpu = report.cpu.zones[0]!
    expect(cpu).toMatchObject({ name: 'package-0' })
    expect(cpu.phases.find(({ name }) => name === 'fp16')!.energyJ).toBeCloseTo(130, 6)
    expect(report.phases.find(({ gpuIndex }) => gpuIndex === 3)).toMatchObject({
      counterJ: null,
      counterDifference: null
    })
  })

  it.each([
    [1.04, 'VALID'],
    [1.06, 'INVALID'],
    [0.57, 'INVALID']
  ])('a counter at %f of the integral is %s', async (scale, verdict) => {
    const { summary, phase } = await fp16({}, scale)
    expect(phase.counterDifference).toBeCloseTo(scale - 1, 2)
    expect(summary.verdict).toBe(verdict)
    expect(summary.reasons.length).toBe(verdict === 'VALID' ? 0 : 1)
    if (verdict === 'INVALID') expect(summary.reasons[0]!.message).toContain('energy counter')
  })

  it('rejects trials whose clocks heat held down, and only notes the power limit', async () => {
    const hot = await fp16({}, 1, 0x40)
    expect(hot.summary).toMatchObject({ verdict: 'INVALID' })
    expect(hot.summary.reasons[0]!.message).toContain('hardware thermal slowdown')
    const capped = await fp16({}, 1, 0x4)
    expect(capped.summary.verdict).toBe('VALID')
    expect(capped.summary.notes.join()).toContain('power limit for up to 100')
  })

  it('rejects figures of a GPU that strangers were on, and says so of MIG', async () => {
    const stranger = { gpuIndex: 0, pid: 77, name: 'python', usedMemoryBytes: null, seen: 'before' as const }
    const { report, summary } = await fp16({ strangers: [stranger], migGpus: [0] })
    expect(summary).toMatchObject({ verdict: 'INVALID' })
    expect(summary.reasons[0]!.message).toContain('python (pid 77, before the command)')
    expect(summary.notes.join()).toContain('MIG')
    expect(report.gpus.map((gpu) => gpu.strangers.length)).toEqual([1, 0])
  })
})

describe('energy.stretch', () => {
  const at = { signal: new AbortController().signal }
  const span = { recordingId: 'r1', gpuIndex: 0, fromMs: 8_050, toMs: 8_250 }

  it('reads the metric that energy is computed from, and as far around the stretch as readings are joined', async () => {
    const { service, asked } = serve()
    const found = await service.handlers['energy.stretch'](span, at)
    expect(asked).toEqual(['powerInstantW of 0 from 7550 to 8750'])
    // The readings are 81 W at 8.1 s and 82 W at 8.2 s, on a line of 10 W/s.
    expect(found).toMatchObject({ samples: 2, coveredMs: 200, gapCount: 0, implausible: 0 })
    expect(found.totalJ).toBeCloseTo(81.5 * 0.2, 9)
    expect(found.deltaW).toBeCloseTo(2, 9)
  })

  it('refuses an empty stretch and a GPU that the recording does not have, by name', async () => {
    const { handlers } = serve().service
    const refused = (change: object) => handlers['energy.stretch']({ ...span, ...change }, at)
    await expect(refused({ toMs: 8_050 })).rejects.toMatchObject({ code: 'input.invalid' })
    await expect(refused({ gpuIndex: 1 })).rejects.toMatchObject({
      ...{ code: 'input.invalid', message: 'The recording has no GPU 1.', hint: 'It has: 0, 3.' }
    })
  })
})
