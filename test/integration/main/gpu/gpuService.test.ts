import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, describe, expect, it } from 'vitest'
import type { LiveRecording } from '@core/gpu/phaseMarks'
import { createEnergyService } from '@main/energy/energyService'
import { createEnergyStore, energyMigrations } from '@main/energy/energyStore'
import { exportNames } from '@main/gpu/exportNames'
import { createGpuService } from '@main/gpu/gpuService'
import type { RecordArguments } from '@main/gpu/recording/recordingJobs'
import { createGpuStore } from '@main/gpu/store/gpuStore'
import { gpuMigrations } from '@main/gpu/store/gpuTables'
import { createJobService } from '@main/jobs/jobService'
import { openStore, type Store } from '@main/store/store'
import { energyReportSchema } from '@shared/contract/energy'
import { gpuContract, recordingSchema, type Recording } from '@shared/contract/gpu'
import { buildFakeNvml } from '../../../fixtures/smi/fakeNvml'
import {
  fakeBenchFile,
  fakeSmiFile,
  spawnWith,
  steadyMs,
  temporaryFolder
} from '../../../fixtures/smi/standIn'

type EventName = keyof typeof gpuContract.events
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function serve(
  setup: Record<string, unknown> = {},
  opened?: Store,
  env: Record<string, string> = { BITBENCH_POWERCAP: '/nowhere' }
) {
  const folder = temporaryFolder()
  const load = path.join(folder, 'load')
  const store =
    opened ?? (await openStore({ file: ':memory:', migrations: [gpuMigrations, energyMigrations] }))
  const events: { event: EventName; payload: unknown }[] = []
  const heard: (() => void)[] = []
  let ids = 0
  const jobs = createJobService({ emit: () => undefined, nowMs: steadyMs, newId: () => `job${++ids}` })
  const gpuStore = createGpuStore(store)
  const energy = createEnergyService({
    source: async () => gpuStore,
    store: async () => createEnergyStore(store)
  })
  const gpu = createGpuService({
    store: async () => gpuStore,
    jobs,
    emit(event, payload) {
      // What leaves the service must be what the contract promises.
      events.push({ event, payload: gpuContract.events[event].parse(payload) })
      for (const listener of heard) listener()
    },
    spawn: spawnWith({ load, ...setup }),
    env,
    nvidiaSmiPath: () => fakeSmiFile,
    steadyMs,
    unixMs: () => Date.now(),
    newId: () => `recording${++ids}`,
    readHostLoad: async () => ({
      tMs: steadyMs(),
      cpuPercent: 12.5,
      memoryUsedBytes: 1e9,
      memoryTotalBytes: 8e9
    }),
    forgetEnergy: energy.forget,
    exportEnergy: energy.exportPhases
  })
  closing.push(async () => {
    await gpu.close()
    await jobs.stop()
    if (opened === undefined) await store.close()
  })
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => void (condition() && resolve())
      heard.push(check)
      check()
    })
  const of = (event: EventName) =>
    events.filter((entry) => entry.event === event).map((entry) => entry.payload)
  const bench = (...phases: string[]): string[] => [process.execPath, fakeBenchFile, load, ...phases]
  return { gpu, energy, jobs, gpuStore, store, folder, load, of, until, bench }
}

const context = { signal: new AbortController().signal }
const quick = { intervalMs: 20, idleMs: 600 } satisfies Partial<RecordArguments>

describe('recording a command', () => {
  it('marks its phases, passes the rest of its output on and gives energy per phase', async () => {
    const { gpu, energy, gpuStore, store, folder, of, bench } = await serve()
    const printed = { stdout: '', stderr: '' }
    const started = await gpu.record(
      { ...quick, command: bench('fp32:200:1500:8', 'fp16:100:600', 'fp32:200:1500:8') },
      (stream, text) => (printed[stream] += text)
    )
    const recording = await started.result
    expect(recordingSchema.parse(recording)).toMatchObject({ state: 'done', exitCode: 0, askedHz: 50 })
    expect(printed).toEqual({ stdout: 'benchmark starts\n', stderr: 'benchmark done\n' })
    expect(of('gpu.phaseMarked')).toHaveLength(6)
    expect(recording.temperatureBeforeC).toEqual([35])

    const phases = await gpuStore.phases(recording.id)
    expect(phases.map(({ name, trial, repetitions, ended }) => [name, trial, repetitions, ended])).toEqual([
      ['fp32', 1, 8, true],
      ['fp16', 1, null, true],
      ['fp32', 2, 8, true]
    ])

    const report = energyReportSchema.parse(await energy.report(recording.id))
    expect(report.gpus[0]).toMatchObject({
      powerField: 'power.draw.instant',
      sensor: { family: 'Ampere GA100' }
    })
    expect(report.gpus[0]!.idle.powerW).toBeCloseTo(50, 0)
    const [whole, first, half] = report.phases
    expect(whole!.name).toBe('(whole)')
    // The stand-in adds 200 W and 100 W to its 50 W; readings may lag by a few intervals, energy follows mean x time.
    expect(first!.meanW!).toBeGreaterThan(200)
    expect(first!.meanW!).toBeLessThan(251)
    expect(half!.meanW!).toBeLessThan(151)
    expect(first!.peakW!).toBeCloseTo(250, 0)
    expect(first!.totalJ!).toBeCloseTo((first!.meanW! * first!.coveredMs) / 1000, 6)
    expect(first!.totalJ! - first!.idleJ!).toBeCloseTo(first!.netJ!, 9)
    expect(report.summaries.find((summary) => summary.name === 'fp32')).toMatchObject({
      trials: 2,
      verdict: 'INVALID'
    })

    // Both export formats hold every sample, with phase and host load beside it.
    for (const ending of ['csv', 'parquet']) {
      const file = path.join(folder, `run.${ending}`)
      const files = await gpu.exportRecording(recording.id, file)
      expect(files.map((entry) => path.basename(entry.file))).toEqual([
        `run.${ending}`,
        `run.phases.${ending}`
      ])
      expect(files[0]!.rows).toBe(recording.samples)
      expect(files[1]!.rows).toBe(4)
      const reader = await (await DuckDBInstance.create(':memory:')).connect()
      const rows = (await reader.runAndReadAll(`SELECT * FROM '${file}'`)).getRowObjectsJS()
      expect(rows).toHaveLength(recording.samples)
      expect(new Set(rows.map((row) => row['phase']))).toEqual(new Set([null, 'fp32', 'fp16']))
      expect(rows.at(-1)).toMatchObject({
        host_cpu_percent: 12.5,
        driver_version: '550.54.15',
        origin: 'simulated'
      })
    }
    expect(readFileSync(path.join(folder, 'run.phases.csv'), 'utf8')).toContain('energy.tooShort')

    const [stored] = await store.all<{ rows: number }>('SELECT count(*) AS rows FROM energy_phase')
    expect(stored!.rows).toBe(4)
    await gpu.handlers['gpu.deleteRecording']({ id: recording.id }, context)
    expect((await store.all<{ rows: number }>('SELECT count(*) AS rows FROM gpu_sample'))[0]!.rows).toBe(0)
    expect((await store.all<{ rows: number }>('SELECT count(*) AS rows FROM energy_phase'))[0]!.rows).toBe(0)
    await expect(energy.report(recording.id)).rejects.toMatchObject({ code: 'energy.noRecording' })
  })

  it('goes on through a death of nvidia-smi, with the gap in the recording', async () => {
    const folder = temporaryFolder()
    const { gpu, bench } = await serve({ dieAfter: 60, state: path.join(folder, 'starts') })
    const { result, recordingId } = await gpu.record({ ...quick, command: bench('load:150:3500') })
    const recording = await result
    expect(recording).toMatchObject({ state: 'done', restarts: 1 })
    const { gaps } = await gpu.handlers['gpu.recording']({ id: recordingId }, context)
    const gap = gaps.find((candidate) => candidate.reason !== 'nvidia-smi stalled')
    expect(gap!.toMs).toBeGreaterThan(gap!.fromMs)
    const trace = await gpu.handlers['gpu.recordingTrace'](
      { id: recordingId, gpuIndex: 0, metric: 'powerInstantW', buckets: 50 },
      context
    )
    expect(trace.max.filter((value) => value !== null).length).toBeGreaterThan(10)
  })

  it('keeps the samples of a command that fails, and says with which code', async () => {
    const { gpu } = await serve()
    const command = [process.execPath, '-e', 'setTimeout(() => process.exit(3), 200)']
    const recording = await (await gpu.record({ ...quick, idleMs: 100, command })).result
    expect(recording).toMatchObject({
      state: 'commandFailed',
      exitCode: 3,
      message: 'The command ended with code 3.'
    })
    expect(recording.samples).toBeGreaterThan(3)
  })

  it('refuses a command that does not exist, and keeps no recording "running"', async () => {
    const { gpu, gpuStore } = await serve()
    const { result } = await gpu.record({ ...quick, idleMs: 50, command: ['/nowhere/bench'] })
    await expect(result).rejects.toMatchObject({ code: 'tool.failed', hint: expect.stringContaining('--') })
    expect((await gpuStore.list()).map((recording) => recording.state)).toEqual(['failed'])
  })

  it('ends a cancelled command and keeps what was taken', async () => {
    const { gpu, jobs, of, until, gpuStore, bench } = await serve()
    const { jobId, result, recordingId } = await gpu.record({ ...quick, command: bench('long:150:60000') })
    await until(() => of('gpu.phaseMarked').length === 1)
    jobs.cancel(jobId)
    await expect(result).rejects.toMatchObject({ code: 'job.cancelled' })
    expect(await gpuStore.recording(recordingId)).toMatchObject({ state: 'cancelled' })
    const [phase] = await gpuStore.phases(recordingId)
    expect(phase).toMatchObject({ name: 'long', ended: false })
  })

  it('stores what was read when whoever marks its phases needs it, and not a second later', async () => {
    const { gpu, gpuStore } = await serve()
    let ready!: (live: LiveRecording) => void
    const started = new Promise<LiveRecording>((resolve) => (ready = resolve))
    const request = { ...quick, command: [], durationMs: 300 }
    const { recordingId, result } = await gpu.record(request, undefined, ready)
    expect(await (await started).stored()).toBe(true)
    expect(await gpuStore.countSamples(recordingId)).toBeGreaterThan(0)
    await result
  })

  it.each([true, false])('keeps whether all phases of a network were measured: %s', async (isComplete) => {
    const { gpu, gpuStore } = await serve()
    let ready!: (live: LiveRecording) => void
    const started = new Promise<LiveRecording>((resolve) => (ready = resolve))
    const network = {
      ...{ modelId: 'm', boardId: 'b', boardName: 'board', method: 'ptq' as const, predictedJ: null },
      ...{ scheme: [{ layer: 'a', weightBits: 8 as const, activationBits: 8 as const }], complete: false }
    }
    const request = { ...quick, command: [], durationMs: 300, network }
    const { recordingId, result } = await gpu.record(request, undefined, ready)
    const live = await started
    if (isComplete) live.complete()
    await result
    expect((await gpuStore.recording(recordingId)).network).toEqual({ ...network, complete: isComplete })
  })

  it('runs one recording at a time, for its own time, and stops it when asked', async () => {
    const { gpu, of, until } = await serve()
    const { result, recordingId } = await gpu.record({ ...quick, command: [] })
    await expect(gpu.record({ ...quick, command: [] })).rejects.toMatchObject({ code: 'input.invalid' })
    await until(() => of('gpu.recordingChanged').length > 0)
    await gpu.handlers['gpu.stopRecording']({ id: recordingId }, context)
    expect(await result).toMatchObject({ state: 'done', command: [] })
    await expect(gpu.handlers['gpu.stopRecording']({ id: recordingId }, context)).rejects.toMatchObject({
      code: 'energy.noRecording'
    })
  })

  it('answers gpu.noDriver with a hint where there is none, and a missing GPU by its number', async () => {
    const without = await serve({ trouble: 'noDriver' })
    await expect(without.gpu.record({ ...quick, command: [] })).rejects.toMatchObject({
      code: 'gpu.noDriver'
    })
    const { gpu } = await serve()
    await expect(gpu.record({ ...quick, command: [], gpuIndexes: [0, 5] })).rejects.toMatchObject({
      code: 'input.notFound',
      message: expect.stringContaining('5')
    })
  })
})

describe('live sampling', () => {
  it('sends batches, history and host load, and lends the GPU to a recording', async () => {
    const { gpu, of, until } = await serve()
    const state = await gpu.handlers['gpu.startSampling']({ intervalMs: 20 }, context)
    expect(['starting', 'running']).toContain(state.state)
    await until(() => of('gpu.sampled').length > 2 && of('gpu.hostLoad').length > 0)
    const history = await gpu.handlers['gpu.history'](
      { gpuIndex: 0, metric: 'powerW', lastMs: 60_000, buckets: 10 },
      context
    )
    expect(history.min.some((value) => value !== null && Math.abs(value - 50) < 1)).toBe(true)
    await expect(
      gpu.handlers['gpu.history']({ gpuIndex: 7, metric: 'powerW', lastMs: 1000, buckets: 10 }, context)
    ).rejects.toMatchObject({ code: 'input.notFound' })

    const { result, recordingId } = await gpu.record({
      intervalMs: 50,
      idleMs: 0,
      command: [],
      durationMs: 1500
    })
    await until(() =>
      of('gpu.samplingChanged').some(
        (entry) => (entry as { recordingId: string }).recordingId === recordingId
      )
    )
    expect((await result).samples).toBeGreaterThan(2)
    // The live sampler is back, at its own interval.
    await until(() => {
      const last = of('gpu.samplingChanged').at(-1) as {
        state: string
        intervalMs: number
        recordingId: string | null
      }
      return last.state === 'running' && last.intervalMs === 20 && last.recordingId === null
    })
    expect(await gpu.handlers['gpu.stopSampling']({}, context)).toMatchObject({ state: 'stopped' })
  })
})

describe('what surrounds a recording', () => {
  const library = buildFakeNvml()

  it.skipIf(library === null)('reads the energy counter beside the power', async () => {
    const env = { BITBENCH_POWERCAP: '/nowhere', BITBENCH_NVML: library! }
    const { gpu, energy, gpuStore, load, bench } = await serve({}, undefined, env)
    // The library counts what it saw last for all of the time since it was read: it is read within this time.
    Object.assign(process.env, { FAKE_NVML_WATT: load, FAKE_NVML_IDLE: '50', FAKE_BENCH_HOLD_MS: '700' })
    const command = bench('fp16:200:3000')
    const recording = await (await gpu.record({ ...quick, idleAfterMs: 600, command })).result
    delete process.env['FAKE_BENCH_HOLD_MS']
    expect(recording).toMatchObject({
      counter: { state: 'read', source: library },
      cpuCounter: { state: 'unavailable', reason: 'There is no RAPL counter under /nowhere.' },
      strangers: [],
      strangersUnknown: null
    })
    // Timers may fire a fraction of a millisecond early by the other clock.
    expect(recording.idleAfterMs).toBeGreaterThan(595)
    const report = energyReportSchema.parse(await energy.report(recording.id))
    const phase = report.phases.find(({ name }) => name === 'fp16')!
    // 250 W for 3 s by both, as far as two processes that poll a file can agree on its edges.
    expect(phase.counterJ! / (phase.durationMs / 1000)).toBeGreaterThan(225)
    expect(Math.abs(phase.counterDifference!)).toBeLessThan(0.1)
    expect(report.gpus[0]!.idleAfter.basis).toBe('after')
    const stored = await gpuStore.counter(recording.id, 'nvml', '', 0)
    expect([...stored.energyJ].every((value, at, all) => at === 0 || value >= all[at - 1]!)).toBe(true)
  })

  it('finds strangers before and after, and says why there is no counter', async () => {
    const apps = [{ gpu: 0, pid: 4711, name: '/usr/bin/python3', memory: '812 MiB' }]
    const { gpu, energy, bench } = await serve({ apps })
    const recording = await (await gpu.record({ ...quick, command: bench('fp16:100:100') })).result
    expect(recording.strangers.map(({ pid, seen, usedMemoryBytes }) => [pid, seen, usedMemoryBytes])).toEqual(
      [
        [4711, 'before', 812 * 1024 ** 2],
        [4711, 'after', 812 * 1024 ** 2]
      ]
    )
    expect(recording.counter.reason).toContain('nvidia-smi is a stand-in')
    const [summary] = (await energy.report(recording.id)).summaries
    expect(summary!.reasons[0]!.message).toContain('/usr/bin/python3 (pid 4711')
  })

  it('locks the clocks on request and gives them free, also when the command fails or is cancelled', async () => {
    const clocks = path.join(temporaryFolder(), 'clocks')
    const { gpu, jobs, until, of } = await serve({ clocks })
    const failed = await gpu.record({
      ...quick,
      lockClockMhz: 1200,
      command: [process.execPath, '-e', 'process.exit(3)']
    })
    expect(await failed.result).toMatchObject({
      state: 'commandFailed',
      clockLock: { smClockMhz: 1200, restored: true, message: null }
    })
    expect(readFileSync(clocks, 'utf8')).toBe('-i 0 -lgc 1200,1200\n-i 0 -rgc\n')
    const cancelled = await gpu.record({ ...quick, idleMs: 60_000, lockClockMhz: 900, command: ['true'] })
    const ended = cancelled.result.catch((reason: unknown) => reason)
    await until(() => of('gpu.recordingChanged').length > 2)
    jobs.cancel(cancelled.jobId)
    expect(await ended).toMatchObject({ code: 'job.cancelled' })
    expect(readFileSync(clocks, 'utf8').trim().split('\n').at(-1)).toBe('-i 0 -rgc')
  })

  it('records nothing when the clocks cannot be locked, and says when they stay locked', async () => {
    const refused = await serve({ refuseClocks: true })
    const started = await refused.gpu.record({ ...quick, lockClockMhz: 1200, command: ['true'] })
    await expect(started.result).rejects.toMatchObject({
      code: 'tool.failed',
      message: expect.stringContaining('does not have permission')
    })
    expect(refused.of('gpu.recordingChanged')).toEqual([])
    const sticky = await serve({ stickyClocks: true })
    const recording = await (
      await sticky.gpu.record({ ...quick, idleMs: 0, lockClockMhz: 1200, command: ['true'] })
    ).result
    expect(recording.clockLock).toMatchObject({ restored: false, message: expect.stringContaining('-rgc') })
  })
})

describe('what a crash leaves', () => {
  it('is shown as interrupted, with the samples up to then', async () => {
    const store = await openStore({ file: ':memory:', migrations: [gpuMigrations, energyMigrations] })
    closing.push(() => store.close())
    const before = createGpuStore(store)
    // As an earlier version stored it: what it did not read yet is said to be unavailable.
    const recording = {
      id: 'r1',
      origin: 'measured',
      title: 't',
      state: 'running',
      command: [],
      startedAtMs: 1,
      durationMs: null,
      exitCode: null,
      gpus: [{ index: 0, name: 'NVIDIA A100', uuid: null }],
      driverVersion: '1',
      powerFields: ['power.draw'],
      intervalMs: 100,
      askedHz: 10,
      achievedHz: null,
      samples: 0,
      restarts: 0,
      malformedLines: 0,
      temperatureBeforeC: [null],
      temperatureAfterC: [null],
      idleMs: 0,
      message: null
    } as unknown as Recording
    await before.save(recording)
    const values = new Float64Array(11).fill(60)
    await before.addSamples(
      'r1',
      [0, 100, 200].map((tMs) => ({ gpuIndex: 0, tMs, values }))
    )
    const { gpu, energy } = await serve({}, store)
    const { recordings } = await gpu.handlers['gpu.recordings']({}, context)
    expect(recordings).toMatchObject([{ state: 'interrupted', samples: 3, durationMs: 200 }])
    expect(recordingSchema.parse(recordings[0]).counter.state).toBe('unavailable')
    expect((await energy.report('r1')).phases[0]!.totalJ).toBeCloseTo(12)
    // 60 W over a tenth of a second between two readings.
    const stretch = { recordingId: 'r1', gpuIndex: 0, fromMs: 50, toMs: 150 }
    expect(await energy.handlers['energy.stretch'](stretch, context)).toMatchObject({ samples: 1, totalJ: 6 })
    const without = { ...stretch, gpuIndex: 1 }
    await expect(energy.handlers['energy.stretch'](without, context)).rejects.toMatchObject({
      code: 'input.invalid',
      hint: 'It has: 0.'
    })
  })
})

describe('exportNames', () => {
  it('chooses the format by the ending, and refuses any other', () => {
    expect(exportNames('/a/run.parquet')).toEqual({ format: 'parquet', phasesFile: '/a/run.phases.parquet' })
    expect(() => exportNames('/a/run.xlsx')).toThrow(expect.objectContaining({ code: 'input.invalid' }))
    expect(existsSync('/a/run.parquet')).toBe(false)
  })
})
