import { describe, expect, it } from 'vitest'
import { createEnergyService, type RecordingSource } from '@main/energy/energyService'
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
  idleMs: 4_000,
  message: null
})

function serve(changes: Partial<typeof recording> = {}) {
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
    async trace(_id, gpuIndex, metric) {
      asked.push(`${gpuIndex}:${metric}`)
      const tMs = Float64Array.from({ length: 201 }, (_, at) => at * 100)
      // 40 W at rest and 140 W from the command on, with a ripple that averages to zero.
      const values = tMs.map((t, at) => (gpuIndex === 3 ? NaN : (t < 4_000 ? 40 : 140) + (at % 7) - 3))
      return { tMs, values }
    }
  }
  const service = createEnergyService({
    source: async () => source,
    store: async () => ({
      save: async (report) => void saved.push(report),
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
    expect(asked[0]).toBe('0:powerInstantW')
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

  it('refuses a recording that is still running', async () => {
    await expect(serve({ state: 'running' }).service.report('r1')).rejects.toMatchObject({
      code: 'input.invalid'
    })
  })
})
