import type { SessionEnergy } from '@shared/contract/workload/workloadEvidence'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { temporaryFolder } from '../../../fixtures/smi/standIn'
import { context, workloadRig, type WorkloadRig } from './workloadRig'

let rig: WorkloadRig
// Phases of the energy test take their time, whatever the machine.
vi.setConfig({ testTimeout: 600_000 })
afterEach(() => rig.close())

const logOf = (file: string): string[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')

describe('workload runs', () => {
  it('runs any program that speaks the protocol, and computes the tables itself', async () => {
    rig = await workloadRig({})
    const run = await rig.toEnd(rig.request({ trials: 3 }))
    expect(run).toMatchObject({ state: 'done', unknownEvents: 1, power: null })
    expect(run.subject).toMatchObject({ model: 'example', runner: 'example', task: 'accuracy', batch: 4 })
    expect(
      run.steps.every(({ state, trials, trialsDone }) => state === 'done' && trials === trialsDone)
    ).toBe(true)
    const { benchmark, layers, closure, impacts } = run.tables
    expect(benchmark[0]?.latencyP50Us).toMatchObject({ value: 4000, n: 12 })
    expect(benchmark[0]?.quality).toMatchObject({ value: 1, n: 4 })
    // 20 calls of a and 7 of b, each in a phase of 20 ms or more.
    const [a, b] = layers
    expect(a!.timeUs.value! * 20).toBeGreaterThan(19_000)
    expect(b!.timeUs.value! * 7).toBeGreaterThan(19_000)
    expect(a!.timeShare! / b!.timeShare!).toBeCloseTo(a!.timeUs.value! / b!.timeUs.value!, 9)
    expect(a!.timeShare! + b!.timeShare!).toBeCloseTo(1, 9)
    expect(closure.timePercent).not.toBeNull()
    expect(a!.energyTotalJ).toMatchObject({
      value: null,
      verdict: 'unavailable',
      reason: expect.stringMatching(/not run on an NVIDIA GPU/) as string
    })
    const [first, second] = impacts
    expect(first).toMatchObject({
      layer: 'a',
      change: 'mean',
      impactScore: 1,
      mcNemar: { lost: 1, gained: 0, p: 1 }
    })
    expect(first!.qualityChange.value).toBe(-0.25)
    // KL((.9, .1) || (.4, .6)) / 4
    expect(first!.klNats.value).toBeCloseTo((0.9 * Math.log(0.9 / 0.4) + 0.1 * Math.log(0.1 / 0.6)) / 4, 6)
    expect(second).toMatchObject({ layer: 'b', impactScore: 0.5, changedShare: 0 })
  })

  it('records the power of the GPU that the runner names by its PCI bus id', async () => {
    const gpus = [
      { name: 'Stand-in A100', idleW: 50 },
      { name: 'Stand-in H100', idleW: 70 }
    ]
    rig = await workloadRig({ smi: { gpus }, stub: { pciBusId: '0000:02:00.0' } })
    const run = await rig.toEnd(rig.request({}))
    expect(run).toMatchObject({ state: 'done', power: { gpu: 'Stand-in H100' } })
    await rig.close()
    rig = await workloadRig({ smi: { gpus }, stub: { pciBusId: '0000:09:00.0' } })
    const elsewhere = await rig.toEnd(rig.request({}))
    expect(elsewhere.state).toBe('failed')
    expect(elsewhere.message).toMatch(/computes on the GPU at 00000000:09:00.0/)
    // Else a resume would take the energy, and the sensor, of a GPU that did not compute.
    expect(elsewhere).toMatchObject({ power: null, recordingIds: [] })
  })

  it('goes on after a crash of the runner without repeating a finished step', async () => {
    const log = path.join(temporaryFolder(), 'log')
    rig = await workloadRig({ stub: { log, dieOnce: 'predictions:mean:b' } })
    const crashed = await rig.toEnd(rig.request({}))
    expect(crashed.state).toBe('failed')
    expect(crashed.message).toMatch(/ended with code 7/)
    expect(crashed.tables.impacts).toHaveLength(1)
    const { jobId } = await rig.service.runs.resume(crashed.id)
    await rig.jobs.follow(jobId)
    const run = await rig.get(crashed.id)
    expect(run.state).toBe('done')
    expect(run.tables.impacts.map(({ layer }) => layer)).toEqual(['a', 'b'])
    const times = (id: string): number => logOf(log).filter((line) => line === id).length
    expect(times('predictions:mean:a')).toBe(1)
    for (const id of ['benchmark:fp32', 'layer:a', 'layer:b']) expect(times(id)).toBe(2)
    // The rows of the original are needed again, its result is not added twice.
    expect(times('predictions:baseline')).toBe(2)
  })

  it('keeps what is done when it is cancelled, also for another process', async () => {
    const log = path.join(temporaryFolder(), 'log')
    let cancel: (() => void) | undefined
    rig = await workloadRig({
      stub: { log },
      onChanged: ({ steps }) => {
        if (steps.some(({ kind, trialsDone }) => kind === 'layer' && trialsDone === 1)) cancel?.()
      }
    })
    const { id, jobId } = await rig.service.handlers['workload.start'](rig.request({ trials: 4 }), context)
    cancel = () => rig.jobs.cancel(jobId)
    await rig.jobs.follow(jobId)
    cancel = undefined
    const cancelled = await rig.get(id)
    expect(cancelled.state).toBe('cancelled')
    expect(cancelled.tables.impacts).toHaveLength(2)
    const before = logOf(log).filter((line) => !line.startsWith('predictions')).length
    expect(before).toBeLessThan(12)

    rig.service = rig.again()
    const resumed = await rig.service.runs.resume(id)
    await rig.jobs.follow(resumed.jobId)
    expect((await rig.get(id)).state).toBe('done')
    expect(logOf(log).filter((line) => !line.startsWith('predictions'))).toHaveLength(12)
  })

  it('is cancelled in the middle of a step that does not end', async () => {
    const folder = temporaryFolder()
    const [log, holdLast] = [path.join(folder, 'log'), path.join(folder, 'held')]
    writeFileSync(holdLast, '')
    rig = await workloadRig({ stub: { log, holdLast } })
    const { id, jobId } = await rig.service.handlers['workload.start'](rig.request({}), context)
    await expect.poll(() => existsSync(log) && logOf(log)).toContain('predictions:mean:b')
    rig.jobs.cancel(jobId)
    const job = await rig.jobs.follow(jobId)
    expect(job.state).toBe('cancelled')
    const cancelled = await rig.get(id)
    expect(cancelled).toMatchObject({ state: 'cancelled', message: 'Cancelled; finished steps are kept.' })
    expect(cancelled.steps.find((step) => step.id === 'predictions:mean:b')).toMatchObject({
      ...{ state: 'waiting', trialsDone: 0 }
    })
    rmSync(holdLast)
    await rig.jobs.follow((await rig.service.runs.resume(id)).jobId)
    expect((await rig.get(id)).steps.every(({ state }) => state === 'done')).toBe(true)
  })

  it('goes on when one step fails, and says why', async () => {
    rig = await workloadRig({ stub: { fail: 'layer:b' } })
    const run = await rig.toEnd(rig.request({}))
    expect(run.state).toBe('done')
    expect(run.steps.find(({ id }) => id === 'layer:b')).toMatchObject({
      state: 'failed',
      reason: 'The weights do not fit.'
    })
    // Without one of its layers the sum would be too small: no closure.
    expect(run.tables.closure.verdict).toBe('unavailable')
    expect(run.message).toBe('1 step of 6 failed; each says why.')
  })

  it('has failed when no step could be done, and tries them again when it is resumed', async () => {
    const [log, failUntil] = [path.join(temporaryFolder(), 'log'), path.join(temporaryFolder(), 'mended')]
    rig = await workloadRig({ stub: { log, fail: 'all', failUntil } })
    const run = await rig.toEnd(rig.request({}))
    expect(run.state).toBe('failed')
    expect(run.message).toMatch(/^Nothing was measured: all 6 steps failed, .*The weights do not fit/)
    expect(run.message).toMatch(/resume/)
    writeFileSync(failUntil, '')
    const { jobId } = await rig.service.runs.resume(run.id)
    await rig.jobs.follow(jobId)
    const mended = await rig.get(run.id)
    expect(mended).toMatchObject({ state: 'done', message: null })
    expect(mended.steps.every(({ state, reason }) => state === 'done' && reason === null)).toBe(true)
    expect(mended.tables.benchmark[0]?.quality).toMatchObject({ value: 1, n: 4 })
  })

  it('refuses what it cannot start, with what to do', async () => {
    rig = await workloadRig({})
    const start = (runner: Parameters<WorkloadRig['request']>[0]['runner']): Promise<unknown> =>
      rig.service.handlers['workload.start'](rig.request({ runner: runner! }), context)
    await expect(start({ kind: 'onnx', model: 'nothing.onnx' })).rejects.toMatchObject({
      code: 'input.notFound',
      hint: expect.stringMatching(/gloss-classifier/) as string
    })
    await expect(start({ kind: 'onnx', model: 'gloss-language', dataset: '/nowhere' })).rejects.toMatchObject(
      { code: 'data.missing' }
    )
    const run = await rig.toEnd(rig.request({ runner: { kind: 'command', command: ['/nowhere/runner'] } }))
    expect(run).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/could not be started/) as string
    })
  })

  it('writes the tables as CSV with value, interval, n, origin, verdict and reason of every figure', async () => {
    rig = await workloadRig({})
    const { id } = await rig.toEnd(rig.request({}))
    const { files } = await rig.service.handlers['workload.export'](
      { id, folder: rig.folder, figures: false },
      context
    )
    expect(files.map(({ file, rows }) => [path.relative(rig.folder, file), rows])).toEqual([
      ['example/benchmark_results.csv', 1],
      ['example/per_layer_energy.csv', 2],
      ['example/prediction_impact.csv', 2],
      ['example/energy_impact_merged.csv', 2]
    ])
    const [header, first] = readFileSync(files[1]!.file, 'utf8').split('\n')
    expect(header).toContain(
      'time_per_call_us,time_per_call_us_low,time_per_call_us_high,time_per_call_us_n,time_per_call_us_origin,time_per_call_us_verdict'
    )
    expect(first).toMatch(/^example,a,ffn,Wait,1,10,100,/)
    expect(first).toContain('unavailable')
    expect(existsSync(path.join(rig.folder, 'scratch', id))).toBe(false)
  })
})

describe('energy of a workload run', () => {
  it('comes back within 3 % of what the stand-in drew in each phase, marked simulated', async () => {
    const folder = temporaryFolder()
    const watts = { 'benchmark:fp32': 200, 'layer:a': 120, 'layer:b': 250 }
    const file = path.join(folder, 'phase')
    rig = await workloadRig({
      smi: { gpus: [{ name: 'Stand-in A100', idleW: 50 }], phases: { file, watts } },
      phaseFile: file
    })
    const run = await rig.toEnd(rig.request({ phaseMs: 1100, trials: 4, idleMs: 800, intervalMs: 10 }))
    expect(run.state).toBe('done')
    expect(run.power).toMatchObject({ origin: 'simulated', gpu: 'Stand-in A100' })
    // The stand-in draws the same at rest before and after: both were taken, and no drift is reported.
    const energies = await rig.store.all(
      "SELECT json_extract_string(record, '$.evidence.energies') AS text FROM workload_run"
    )
    const [energy] = JSON.parse(String(energies[0]!['text'])) as [Record<string, number>]
    expect(energy['idleBeforeW']).toBeCloseTo(50, 0)
    expect(energy['idleAfterW']).toBeCloseTo(50, 0)
    expect(run.tables.notes).toEqual([])
    const near = (found: number | null, wanted: number): void => {
      expect(found! / wanted).toBeGreaterThan(0.97)
      expect(found! / wanted).toBeLessThan(1.03)
    }
    for (const { layer, energyTotalJ, energyNetJ, timeUs, meanPowerW } of run.tables.layers) {
      const drawn = watts[`layer:${layer}` as keyof typeof watts]
      // A call's time by the runner's own clock times the power that the stand-in drew.
      near(energyTotalJ.value, ((drawn + 50) * timeUs.value!) / 1e6)
      near(energyNetJ.value, (drawn * timeUs.value!) / 1e6)
      near(meanPowerW.value, drawn + 50)
      expect(energyTotalJ).toMatchObject({ n: 4, origin: 'simulated' })
    }
    const [whole] = run.tables.benchmark
    // Said in the trial that does not count.
    expect(whole!.weightBytes).toBe(80)
    // 250 W by samples a second is joules a sample.
    near(whole!.energyTotalJ.value, 250 / whole!.throughputPerS.value!)
    const [a, b] = run.tables.layers
    const wholeJ = whole!.energyTotalJ.value! * 4
    expect(run.tables.closure.energyPercent).toBeCloseTo(
      ((a!.energyTotalJ.value! + b!.energyTotalJ.value!) / wholeJ) * 100,
      6
    )
  })

  it('counts no phase in which the runner died, and takes the trial again', async () => {
    const folder = temporaryFolder()
    const file = path.join(folder, 'phase')
    rig = await workloadRig({
      smi: { phases: { file, watts: { 'layer:a': 100, 'layer:b': 100, 'benchmark:fp32': 100 } } },
      stub: { log: path.join(folder, 'log'), dieInPhase: 'layer:a' },
      phaseFile: file
    })
    const crashed = await rig.toEnd(rig.request({ phaseMs: 1000, trials: 2, intervalMs: 10 }))
    expect(crashed.state).toBe('failed')
    await rig.jobs.follow((await rig.service.runs.resume(crashed.id)).jobId)
    const run = await rig.get(crashed.id)
    expect(run).toMatchObject({ state: 'done', recordingIds: [expect.anything(), expect.anything()] })
    const [a] = run.tables.layers
    expect(a!.energyTotalJ).toMatchObject({ n: 2 })
    expect(a!.energyTotalJ.reason).not.toMatch(/did not mark the end/)
    expect(a!.meanPowerW.value! / 150).toBeCloseTo(1, 1)
  })

  it('starts every trial at the temperature that the GPU came down to after one that does not count', async () => {
    const folder = temporaryFolder()
    const [file, log] = [path.join(folder, 'phase'), path.join(folder, 'log')]
    // 40 K warmer while something draws; a phase of 300 ms brings it up by 25 K.
    const thermal = { ambientC: 30, riseC: 40, tauMs: 300 }
    const watts = { 'layer:a': 100, 'layer:b': 100, 'benchmark:fp32': 100 }
    const smi = { phases: { file, watts }, thermal }
    rig = await workloadRig({ smi, stub: { log }, phaseFile: file })
    const cooled = await rig.toEnd(
      rig.request({ phaseMs: 300, trials: 3, coolMs: 10_000, kinds: ['layer', 'benchmark'] })
    )
    expect(cooled.state).toBe('done')
    // Three trials of each of three steps, and the one that warms the GPU up.
    expect(logOf(log)).toHaveLength(10)
    for (const { startC, energyTotalJ } of [...cooled.tables.layers, ...cooled.tables.benchmark]) {
      expect(startC!.maxC - startC!.minC).toBeLessThanOrEqual(5)
      expect(energyTotalJ).toMatchObject({ n: 3 })
      expect(energyTotalJ.reason ?? '').not.toMatch(/started at/)
    }
    await rig.close()
    rig = await workloadRig({ smi: { ...smi, thermal: { ...thermal, tauMs: 3000 } }, phaseFile: file })
    const hurried = await rig.toEnd(
      rig.request({ phaseMs: 1500, trials: 3, coolMs: 0, kinds: ['layer', 'benchmark'] })
    )
    const [layer] = hurried.tables.layers
    expect(layer!.startC!.maxC - layer!.startC!.minC).toBeGreaterThan(5)
    expect(layer!.energyTotalJ).toMatchObject({
      verdict: 'INVALID',
      reason: expect.stringMatching(/Trials started at \d+ °C to \d+ °C/) as string
    })
  })

  it('rejects figures of a GPU that others were on, and does not take its own runner for one of them', async () => {
    const alive = path.join(temporaryFolder(), 'alive')
    const own = { gpu: 0, pid: 4711, name: 'runner', while: alive }
    rig = await workloadRig({ smi: { apps: [own] }, stub: { alive } })
    const alone = await rig.toEnd(rig.request({ phaseMs: 200 }))
    expect(alone.tables.layers[0]!.energyTotalJ.reason).not.toMatch(/Other processes/)
    await rig.close()
    rig = await workloadRig({ smi: { apps: [own, { gpu: 0, pid: 77, name: 'python' }] }, stub: { alive } })
    const shared = await rig.toEnd(rig.request({ phaseMs: 200 }))
    for (const figure of [
      shared.tables.layers[0]!.energyTotalJ,
      shared.tables.benchmark[0]!.energyTotalJ,
      shared.tables.benchmark[0]!.meanPowerW
    ]) {
      expect(figure.verdict).toBe('INVALID')
      expect(figure.reason).toContain(
        'Other processes were on the GPU: python (pid 77, before and after the run).'
      )
      expect(figure.reason).not.toContain('4711')
    }
  })

  it('locks the clock on request, gives it back, and says so; also when the run is cancelled', async () => {
    const clocks = path.join(temporaryFolder(), 'clocks')
    rig = await workloadRig({ smi: { clocks } })
    const run = await rig.toEnd(rig.request({ phaseMs: 200, lockClockMhz: 1410 }))
    expect(logOf(clocks)).toEqual(['-i 0 -lgc 1410,1410', '-i 0 -rgc'])
    expect(run.tables.notes).toContain('The SM clock was locked at 1410 MHz.')
    const { jobId } = await rig.service.handlers['workload.start'](
      rig.request({ phaseMs: 5000, lockClockMhz: 1200 }),
      context
    )
    await vi.waitFor(() => expect(logOf(clocks)).toHaveLength(3), 60_000)
    rig.jobs.cancel(jobId)
    await rig.jobs.follow(jobId)
    expect(logOf(clocks).slice(2)).toEqual(['-i 0 -lgc 1200,1200', '-i 0 -rgc'])
  })

  it('fails before the first step when the clock cannot be locked, with what to do', async () => {
    rig = await workloadRig({ smi: { refuseClocks: true } })
    const run = await rig.toEnd(rig.request({ lockClockMhz: 1410 }))
    expect(run.state).toBe('failed')
    expect(run.message).toMatch(/could not be locked at 1410 MHz/)
    expect(run.steps.every(({ trialsDone }) => trialsDone === 0)).toBe(true)
  })

  it('says that the power is that of the whole card when it is cut into slices', async () => {
    const mig = [{ profile: '1g.5gb', device: 0, uuid: 'MIG-1' }]
    rig = await workloadRig({ smi: { gpus: [{ name: 'Stand-in A100', idleW: 50, mig }] } })
    const run = await rig.toEnd(rig.request({ phaseMs: 200 }))
    expect(run.tables.notes.join(' ')).toContain('MIG is on')
  })

  it('goes on without energy when the recording is stopped, and says so', async () => {
    let isStopped = false
    rig = await workloadRig({
      smi: {},
      onChanged: ({ steps, recordingIds }) => {
        if (isStopped || !steps.some(({ kind, trialsDone }) => kind === 'layer' && trialsDone === 1)) return
        isStopped = true
        void rig.gpu.handlers['gpu.stopRecording']({ id: recordingIds[0]! }, context)
      }
    })
    const run = await rig.toEnd(rig.request({ phaseMs: 400, trials: 3 }))
    expect(run.state).toBe('done')
    expect(run.tables.notes.join()).toMatch(/recording of power ended before the run: It was stopped/)
    expect(run.tables.layers.every(({ timeUs }) => timeUs.n === 3)).toBe(true)
    // Marks that came after the end are no phases of the recording.
    const { phases, recording } = await rig.gpu.handlers['gpu.recording'](
      { id: run.recordingIds[0]! },
      context
    )
    expect(phases.every(({ toMs }) => toMs <= recording.durationMs!)).toBe(true)
  })

  it('works out the energy of a session whose host was killed before it could', async () => {
    rig = await workloadRig({ smi: {} })
    const { id, recordingIds } = await rig.toEnd(rig.request({ phaseMs: 200 }))
    const before = (await rig.get(id)).tables.layers[0]!.energyTotalJ
    expect(before.value).not.toBeNull()
    // As the data file was left by a host that ended after the last trial.
    const [row] = await rig.store.all<{ record: string }>('SELECT record FROM workload_run')
    const record = JSON.parse(row!.record) as { evidence: { energies: unknown[] }; state: string }
    record.evidence.energies = []
    record.state = 'running'
    await rig.store.run('UPDATE workload_run SET record = $1', [JSON.stringify(record)])
    expect((await rig.get(id)).tables.layers[0]!.energyTotalJ.value).toBeNull()
    rig.service = rig.again()
    await rig.jobs.follow((await rig.service.runs.resume(id)).jobId)
    const run = await rig.get(id)
    expect(run.state).toBe('done')
    expect(run.recordingIds).toHaveLength(2)
    expect(run.recordingIds[0]).toBe(recordingIds[0])
    expect(run.tables.layers[0]!.energyTotalJ).toMatchObject({ value: before.value, n: before.n })
  })

  it('shows the energy so far while the run goes on, and replaces it at the end', async () => {
    const provisional: boolean[] = []
    rig = await workloadRig({
      smi: {},
      onChanged: ({ state }) => {
        if (state !== 'running') return
        void rig.store.all<{ record: string }>('SELECT record FROM workload_run').then(([row]) => {
          const { evidence } = JSON.parse(row!.record) as { evidence: { energies: SessionEnergy[] } }
          for (const session of evidence.energies)
            if (session.phases.some(({ name, totalJ }) => name.startsWith('layer:') && totalJ !== null))
              provisional.push(session.provisional)
        })
      }
    })
    const run = await rig.toEnd(rig.request({ phaseMs: 300, trials: 4 }))
    expect(provisional[0]).toBe(true)
    expect(run.tables.layers.every(({ energyTotalJ }) => energyTotalJ.n === 4)).toBe(true)
    const [row] = await rig.store.all<{ record: string }>('SELECT record FROM workload_run')
    const { evidence } = JSON.parse(row!.record) as { evidence: { energies: SessionEnergy[] } }
    expect(evidence.energies.map((session) => session.provisional)).toEqual([false])
  })

  it('draws the figures of a run and writes all files of it', async () => {
    rig = await workloadRig({ smi: {} })
    const { id } = await rig.toEnd(rig.request({ phaseMs: 100 }))
    const { figures, findings } = await rig.service.handlers['workload.figures']({ id }, context)
    expect(figures.map(({ name }) => name)).toEqual([
      'benchmark_overview',
      'speed_accuracy_tradeoff',
      'per_layer_energy_analysis',
      'prediction_impact_by_type',
      'energy_vs_impact_scatter',
      'energy_impact_correlation_matrix'
    ])
    expect(figures.every(({ svg }) => svg.startsWith('<svg'))).toBe(true)
    expect(findings.length).toBeGreaterThan(0)
    const { files } = await rig.service.handlers['workload.export'](
      { id, folder: rig.folder, figures: true },
      context
    )
    // Three tables, the merged one, six figures twice, the report.
    expect(files).toHaveLength(3 + 1 + 12 + 1)
    expect(files.every(({ file }) => existsSync(file))).toBe(true)
  })
})
