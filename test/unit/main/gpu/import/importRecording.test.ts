import { readFileSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gapAfterMsOf } from '@core/energy/powerTrace'
import { sensorOf } from '@core/energy/sensorModel'
import { counterReader } from '@core/energy/energyCounter'
import { analyseReadings, readSubjects } from '@main/energy/analyseReadings'
import { createEnergyService } from '@main/energy/energyService'
import type { TraceAnalysis } from '@core/energy/traceAnalyser'
import { powerSample } from '@core/meter/powerSample'
import { metricAt, metricCount } from '@core/gpu/metrics'
import { createGpuStore, type GpuStore } from '@main/gpu/store/gpuStore'
import { gpuMigrations } from '@main/gpu/store/gpuTables'
import { importRecording } from '@main/gpu/import/importRecording'
import { openStore, type Store } from '@main/store/store'
import { recordingSchema, type Recording } from '@shared/contract/gpu'
import { temporaryFolder } from '../../../../support/temporaryFolder'
import { readingsOf } from '../../../../support/readingsOf'
import { analyseTrace } from '../../../../support/wholeTrace'
import { makeNamedPipe } from '../../../../support/namedPipe'

let database: Store
let store: GpuStore
const folder = temporaryFolder()
let ids = 0
beforeAll(async () => {
  database = await openStore({ file: ':memory:', migrations: [gpuMigrations] })
  store = createGpuStore(database)
})
afterAll(() => database.close())

const importFile = (file: string, more: { gpuName?: string } = {}) =>
  importRecording({ id: `r${++ids}`, file, title: undefined, gpuName: more.gpuName }, store)
const write = (name: string, text: string): string => {
  const file = path.join(folder, name)
  writeFileSync(file, text)
  return file
}

/** Power of an A100 at rest and under load, as energy of its phases. */
async function energies(recording: Recording): Promise<(number | null)[]> {
  const { tMs, values } = await readingsOf(store, recording.id, 0, 'powerInstantW')
  const trace = { gpuIndex: 0, tMs, powerW: values, gaps: [], gapAfterMs: gapAfterMsOf(recording.intervalMs) }
  const marks = await store.phases(recording.id)
  const sensor = sensorOf('NVIDIA A100-SXM4-40GB', 'power.draw.instant')
  return analyseTrace(trace, marks, recording.idleMs, recording.durationMs!, sensor, 0.95).phases.map(
    (phase) => phase.totalJ
  )
}

describe('our own export', () => {
  const original = recordingSchema.parse({
    ...{ id: 'own', title: 'bench', state: 'done', origin: 'simulated', command: ['bench'] },
    ...{ startedAtMs: 1_790_000_000_000, durationMs: 8000, exitCode: 0, driverVersion: '550.54.15' },
    gpus: [{ index: 0, name: 'NVIDIA A100-SXM4-40GB', uuid: null }],
    ...{ powerFields: ['power.draw.instant'], intervalMs: 100, askedHz: 10, achievedHz: 10, samples: 81 },
    ...{ restarts: 0, malformedLines: 0, temperatureBeforeC: [30], temperatureAfterC: [40] },
    ...{ powerLimitsW: [400], idleMs: 1000, idleAfterMs: 0, strangers: [], strangersUnknown: null },
    ...{ counter: { state: 'read', reason: null, source: 'x' }, clockLock: null, migGpus: [], message: null },
    cpuCounter: { state: 'read', reason: null, source: 'x' }
  })
  beforeAll(async () => {
    await store.save(original)
    await store.addSamples(
      'own',
      Array.from({ length: 81 }, (_, at) => {
        const values = new Float64Array(metricCount).fill(NaN)
        values[metricAt.powerInstantW] = at < 20 || at > 60 ? 50 : 250 + (at % 2)
        return { gpuIndex: 0, tMs: at * 100, values }
      })
    )
    const phase = { name: 'fp16, batch 8', trial: 1, fromMs: 2000, toMs: 6000, repetitions: 16, ended: true }
    await store.savePhases('own', [{ sequence: 0, phase }])
  })

  it.each(['csv', 'parquet'] as const)('as %s gives its energy back', async (format) => {
    const file = path.join(folder, `own.${format}`)
    expect(await store.exportSamples('own', file, format)).toBe(81)
    write(
      'own.phases.csv',
      'gpu_index,gpu_name,name,trial,from_ms,to_ms,repetitions,asked_hz\n' +
        '0,NVIDIA A100-SXM4-40GB,(whole),1,1000,8000,,10\n' +
        '0,NVIDIA A100-SXM4-40GB,"fp16, batch 8",1,2000,6000,16,10\n'
    )
    const { recording, notes } = await importFile(file)
    expect(recordingSchema.parse(recording)).toMatchObject({
      origin: 'simulated',
      driverVersion: '550.54.15',
      samples: 81,
      startedAtMs: 1_790_000_000_000,
      powerFields: ['power.draw.instant'],
      counter: { state: 'unavailable', reason: 'Not in the export.' }
    })
    expect(await store.phases(recording.id)).toMatchObject([
      { name: 'fp16, batch 8', trial: 1, fromMs: 2000, toMs: 6000, repetitions: format === 'csv' ? 16 : null }
    ])
    expect(notes).toHaveLength(format === 'csv' ? 0 : 1)
    const [, phase] = await energies(recording)
    expect(phase).toBeCloseTo((await energies(original))[1]!, 9)
    if (format === 'csv') {
      expect(recording).toMatchObject({ idleMs: 1000, durationMs: 8000, intervalMs: 100 })
      expect(recording.gpus[0]!.name).toBe('NVIDIA A100-SXM4-40GB')
      expect(await energies(recording)).toEqual(await energies(original))
    }
  })
})

it('keeps the rest behind the work, which the phases name since they are written with it', async () => {
  const text = 'gpu_index,gpu_name,name,trial,from_ms,to_ms,repetitions,asked_hz,idle_after_ms\n'
  write('rested.phases.csv', `${text}0,A100,(whole),1,1000,8000,,10,2500\n`)
  const file = path.join(folder, 'rested.csv')
  await store.exportSamples('own', file, 'csv')
  expect((await importFile(file)).recording).toMatchObject({ idleMs: 1000, idleAfterMs: 2500 })
})

describe('the export of a power meter', () => {
  const meter = {
    ...{ kind: 'ppk2' as const, source: '/dev/tty "A", 1', supplyV: 3.3, readings: 4000, lost: 64, binMs: 1 },
    ...{ badLines: [], notes: ['The clock of the meter moved by 60 ms.'] }
  }
  const unread = { state: 'unavailable' as const, reason: 'Read by a power meter.', source: null }
  const original = recordingSchema.parse({
    ...{ id: 'metered', title: 'board', state: 'done', origin: 'simulated', command: [], meter },
    ...{ startedAtMs: 1_790_000_000_000, durationMs: 4000, exitCode: 0, driverVersion: '' },
    gpus: [{ index: 0, name: 'PPK2 at somewhere', uuid: null }],
    ...{ powerFields: ['meter'], intervalMs: 10, askedHz: 100, achievedHz: 100, samples: 401 },
    ...{ restarts: 0, malformedLines: 0, temperatureBeforeC: [null], temperatureAfterC: [null] },
    ...{ powerLimitsW: [null], idleMs: 1000, idleAfterMs: 0, strangers: [], strangersUnknown: null },
    ...{ counter: unread, cpuCounter: unread, clockLock: null, migGpus: [], message: null }
  })
  beforeAll(async () => {
    await store.save(original)
    await store.addSamples(
      'metered',
      // Below zero at rest by the offset of the meter, 1 W under load.
      Array.from({ length: 401 }, (_, at) =>
        powerSample(at * 10, at < 200 ? -0.001 - (at % 3) * 1e-4 : 1 + (at % 3) * 0.01)
      )
    )
  })

  it.each(['csv', 'parquet'] as const)('as %s stays that of a power meter', async (format) => {
    const file = path.join(folder, `metered.${format}`)
    await store.exportSamples('metered', file, format)
    const { recording } = await importFile(file)
    expect(recordingSchema.parse(recording)).toMatchObject({
      meter,
      powerFields: ['meter'],
      driverVersion: '',
      ...{ intervalMs: 10, askedHz: 100, achievedHz: 100 }
    })
    expect(recording.gpus[0]!.name).toBe('PPK2 at /dev/tty "A", 1')
    expect((await store.recording(recording.id)).meter).toEqual(meter)
    const [subject] = await readSubjects(store, recording, 0.95)
    expect(subject!.subject).toMatchObject({ powerLimitW: 'any', sensor: { family: 'power meter' } })
    const [{ phases }] = (await analyseReadings(store, recording.id, [subject!])) as [TraceAnalysis]
    // 2 s at -1.1 mW, half an interval of the step, and 2 s at 1.01 W on average: readings below zero count.
    expect(phases[0]!.totalJ).toBeCloseTo(-0.0022 + 0.0051 + 2.02, 3)
    expect(phases[0]).toMatchObject({ implausible: 0, samples: 401 })
  })

  it.each(['csv', 'parquet'] as const)('as %s has a row for every averaged stretch', async (format) => {
    const id = `stretched-${format}`
    await store.save({ ...original, id, samples: 8, intervalMs: 5, askedHz: 200 })
    // Three stretches of 10 ms, a gap of 5 ms, and one of 10 ms: 0.01 x (1 + 1 + 3 + 0.5) = 0.055 J.
    const stretches = [
      [0, 10, 1],
      [10, 20, 1],
      [20, 30, 3],
      [35, 45, 0.5]
    ] as const
    await store.addSamples(
      id,
      stretches.flatMap(([fromMs, toMs, watt]) => [powerSample(fromMs, watt), powerSample(toMs, watt)])
    )
    const work = { name: 'work', trial: 1, fromMs: 0, toMs: 20, repetitions: null, ended: true }
    await store.savePhases(id, [{ sequence: 0, phase: work }])
    const file = path.join(folder, `${id}.${format}`)
    expect(await store.exportSamples(id, file, format)).toBe(4)
    if (format === 'csv') {
      const [header, ...rows] = readFileSync(file, 'utf8').trim().split('\n')
      const at = (name: string): number => header!.split(',').indexOf(name)
      // The cells before the first quoted one.
      const cells = (name: string): string[] => rows.map((row) => row.split(',')[at(name)]!)
      expect(cells('t_ms')).toEqual(['0.0', '10.0', '20.0', '35.0'])
      expect(cells('end_ms')).toEqual(['10.0', '20.0', '30.0', '45.0'])
      expect(cells('power_w').map(Number)).toEqual([1, 1, 3, 0.5])
      // The stretch that begins where the phase ends is not of it.
      expect(cells('phase')).toEqual(['work', 'work', '', ''])
    }
    const { recording } = await importFile(file)
    const again = await readingsOf(store, recording.id, 0, 'powerW')
    expect([...again.tMs]).toEqual([0, 10, 10, 20, 20, 30, 35, 45])
    expect([...again.values]).toEqual([1, 1, 1, 1, 3, 3, 0.5, 0.5])
    expect(await store.phases(recording.id)).toMatchObject([{ name: 'work', fromMs: 0, toMs: 20 }])
  })

  it('loses no point of an averaged recording that has no power', async () => {
    const id = 'without-power'
    await store.save({ ...original, id, samples: 4, intervalMs: 5, askedHz: 200 })
    await store.addSamples(id, [
      ...[powerSample(0, 1), powerSample(10, 1)],
      ...[powerSample(10, NaN), powerSample(20, NaN)]
    ])
    const file = path.join(folder, `${id}.csv`)
    expect(await store.exportSamples(id, file, 'csv')).toBe(3)
  })

  it('keeps an interval below 1 ms, which its phases name', async () => {
    const text = readFileSync(path.join(folder, 'metered.csv'), 'utf8')
    write(
      'fine.phases.csv',
      'gpu_index,gpu_name,name,trial,from_ms,to_ms,repetitions,asked_hz\n0,PPK2,(whole),1,0,4000,,2000\n'
    )
    const { recording } = await importFile(write('fine.csv', text))
    expect(recording).toMatchObject({ intervalMs: 0.5, askedHz: 2000 })
  })

  it('names a column "meter" that is none', async () => {
    const file = path.join(folder, 'metered.csv')
    const text = readFileSync(file, 'utf8').replace('ppk2', 'scale')
    const before = (await store.list()).length
    await expect(importFile(write('scale.csv', text))).rejects.toMatchObject({
      code: 'data.invalid',
      message: expect.stringContaining('"meter"')
    })
    expect(await store.list()).toHaveLength(before)
  })
})

describe('lines of a power meter', () => {
  it.each(['utf8', 'utf16le'] as const)('are read from %s with a byte order mark', async (encoding) => {
    const rows = Array.from({ length: 4000 }, (_, at) => `${at * 10},${100 + (at % 3)},5`)
    const file = write(`meter-${encoding}.csv`, '')
    const text = `\ufefftime_ms,current_ma,voltage_v\r\n${rows.join('\r\n')}\r\n`
    writeFileSync(file, Buffer.from(text, encoding))
    const { recording } = await importFile(file)
    expect([recording.samples, recording.malformedLines]).toEqual([4000, 0])
    const { values } = await readingsOf(store, recording.id, 0, 'powerW')
    expect(values[0]).toBeCloseTo(0.5, 9)
    expect(values[1]).toBeCloseTo(0.505, 9)
  })
})

describe('a log of nvidia-smi', () => {
  const row = (ms: number, index: number, watt: string): string =>
    `2026/10/25 02:59:${String(58 + Math.floor(ms / 1000)).padStart(2, '0')}.${String(ms % 1000).padStart(3, '0')}, ${index}, NVIDIA L4, ${watt}`

  it('becomes samples per GPU, what is no reading stays unavailable', async () => {
    const rows = Array.from({ length: 19 }, (_, at) => [
      row(at * 100, 0, `${50 + at}.00 W`),
      row(at * 100, 1, '[N/A]')
    ])
    const file = write(
      'smi.csv',
      `timestamp, index, name, power.draw [W]\n${rows.flat().join('\n')}\nnonsense\n`
    )
    const { recording } = await importFile(file)
    expect(recordingSchema.parse(recording)).toMatchObject({
      gpus: [
        { index: 0, name: 'NVIDIA L4' },
        { index: 1, name: 'NVIDIA L4' }
      ],
      powerFields: ['power.draw', 'power.draw'],
      intervalMs: 100,
      durationMs: 1800,
      samples: 38,
      malformedLines: 1
    })
    const { tMs, values } = await readingsOf(store, recording.id, 0, 'powerW')
    expect([tMs[18], values[0], values[18]]).toEqual([1800, 50, 68])
    expect((await readingsOf(store, recording.id, 1, 'powerW')).values.every(Number.isNaN)).toBe(true)
  })

  it('is read as Windows PowerShell writes it: UTF-16 with a mark', async () => {
    const rows = Array.from(
      { length: 5000 },
      (_, at) =>
        `2025/11/29 20:00:${String(Math.floor(at / 100)).padStart(2, '0')}.${String(at % 100).padStart(2, '0')}0, ${100 + (at % 7)}.00 W`
    )
    const file = write('utf16.csv', '')
    writeFileSync(file, Buffer.from(`\ufefftimestamp, power.draw [W]\r\n${rows.join('\r\n')}\r\n`, 'utf16le'))
    const { recording } = await importFile(file)
    expect([recording.samples, recording.durationMs]).toEqual([5000, 49_990])
    // 4,999 steps of 10 ms.
    expect([recording.intervalMs, recording.askedHz, recording.achievedHz]).toEqual([10, 100, 100])
    const { values } = await readingsOf(store, recording.id, 0, 'powerW')
    expect(Array.from(values.slice(0, 8))).toEqual([100, 101, 102, 103, 104, 105, 106, 100])
  })

  it('goes on where the wall clock ran backwards, with a gap; one GPU without an index', async () => {
    const lines = ['10:00:00.000', '10:00:01.000', '10:00:02.000', '09:30:00.000', '09:30:01.000'].map(
      (time, at) => `2026/10/25 ${time}, ${100 + at}.0`
    )
    const file = write('back.csv', `timestamp, power.draw.instant [W]\n${lines.join('\n')}`)
    const { recording } = await importFile(file, { gpuName: 'NVIDIA A100' })
    expect(recording.gpus).toEqual([{ index: 0, name: 'NVIDIA A100', uuid: null }])
    expect([...(await readingsOf(store, recording.id, 0, 'powerInstantW')).tMs]).toEqual([
      0, 1000, 2000, 3000, 4000
    ])
    expect(await store.gaps(recording.id)).toMatchObject([{ fromMs: 2000, toMs: 3000 }])
  })
})

describe('energies of other programs', () => {
  it('come from Zeus per window and GPU, without windows that overlap', async () => {
    const file = write(
      'zeus.csv',
      'start_time,window_name,elapsed_time,gpu0_energy,gpu2_energy\n' +
        '1000.0,step,2.0,300.0,90.0\n1004.0,step,2.0,310.0,80.0\n1000.0,epoch,6.0,700.0,200.0\n'
    )
    const { recording, notes } = await importFile(file)
    expect(recordingSchema.parse(recording)).toMatchObject({
      startedAtMs: 1_000_000,
      durationMs: 6000,
      powerFields: [null, null],
      counter: { state: 'read', source: 'Zeus' }
    })
    expect(notes.join(' ')).toContain('Left out 1 window that overlap')
    const phases = await store.phases(recording.id)
    expect(phases.map(({ name, trial, fromMs, toMs }) => [name, trial, fromMs, toMs])).toEqual([
      ['step', 1, 0, 2000],
      ['step', 2, 4000, 6000]
    ])
    const joule = async (gpu: number) => {
      const counter = await store.counter(recording.id, 'nvml', '', gpu)
      return phases.map(({ fromMs, toMs }) => counterReader(counter)(fromMs, toMs))
    }
    for (const [gpu, expected] of [
      [0, [300, 310]],
      [2, [90, 80]]
    ] as const) {
      const found = await joule(gpu)
      expect(found[0]).toBeCloseTo(expected[0], 4)
      expect(found[1]).toBeCloseTo(expected[1], 4)
    }
  })

  const codeCarbon = (...rows: string[]): string =>
    `timestamp,project_name,run_id,duration,emissions,cpu_energy,gpu_energy,gpu_model\n${rows.join('\n')}\n`

  it('come from CodeCarbon per run; its 0 is unavailable', async () => {
    const file = write(
      'emissions.csv',
      codeCarbon(
        '2026-05-27T11:31:35,train,a,300.5,0.01,0.0035,0.0277,1 x NVIDIA A100-SXM4-40GB',
        '2026-05-27T12:00:00,train,b,60,0.01,0.0035,0.0,1 x NVIDIA A100-SXM4-40GB'
      )
    )
    const { recording, notes } = await importFile(file)
    expect(recording.gpus[0]!.name).toContain('A100')
    expect(notes.join(' ')).toContain('read, in 1 run.')
    const counter = await store.counter(recording.id, 'nvml', '', 0)
    // 0.0277 kWh.
    expect(counterReader(counter)(0, 300_500)).toBeCloseTo(99_720, 3)
    const [, second] = await store.phases(recording.id)
    expect(counterReader(counter)(second!.fromMs, second!.toMs)).toBeNull()
  })

  it('come from Zeus as its writer makes them: raw names of windows, 0 where the counter did not move', async () => {
    const file = write(
      'zeus raw.csv',
      'start_time,window_name,elapsed_time,gpu0_energy,gpu1_energy\n' +
        '1764528000.25,load "a", 7B,1.5,150.5,0.0\n1764528001.75,tiny,1.2e-05,0.0,0.0\n1764528002.0,step,2.0,300.0,90.0\n'
    )
    const { recording, notes } = await importFile(file)
    const phases = await store.phases(recording.id)
    expect(phases.map(({ name }) => name)).toEqual(['load "a", 7B', 'tiny', 'step'])
    expect(notes.join(' ')).toContain('An energy of 0 in 2 windows')
    const joule = async (gpu: number) => {
      const energy = counterReader(await store.counter(recording.id, 'nvml', '', gpu))
      return phases.map(({ fromMs, toMs }) => energy(fromMs, toMs))
    }
    // Nothing is made up for a window between two others, or before the first one that is known.
    expect(await joule(0)).toEqual([expect.closeTo(150.5, 4), null, expect.closeTo(300, 4)])
    expect(await joule(1)).toEqual([null, null, expect.closeTo(90, 4)])
  })

  it('come from CodeCarbon as its writer makes them: tasks by name, sums of a run that flushes, a PUE', async () => {
    const header =
      'timestamp,project_name,run_id,experiment_id,duration,gpu_energy,ram_energy,cpu_count,gpu_count,gpu_model,tracking_mode,on_cloud,pue,wue'
    const row = (at: string, run: string, duration: number, kwh: number, pue: number): string =>
      `2026-05-27T${at},train,${run},e,${duration},${kwh},0.1,8,1,1 x A100,machine,N,${pue},0.0`
    const flushed = await importFile(
      write(
        'flushed.csv',
        [
          header,
          row('10:00:10', 'a', 10.2, 0.001, 1),
          row('10:00:20', 'a', 20.1, 0.002, 1),
          row('10:00:30', 'a', 30.4, 0.003, 1),
          row('11:00:30', 'b', 30, 0.0015, 1.5),
          // No GPU model: pandas leaves that column out of an appended row.
          '2026-05-27T12:00:30,train,c,e,30,0.0005,0.1,8,1,machine,N,2.0,0.0\n'
        ].join('\n')
      )
    )
    const phases = await store.phases(flushed.recording.id)
    const energy = counterReader(await store.counter(flushed.recording.id, 'nvml', '', 0))
    // kWh x 3.6e6 J, by the PUE.
    expect(phases.map(({ fromMs, toMs }) => [toMs - fromMs, energy(fromMs, toMs)])).toEqual([
      [30_400, expect.closeTo(10_800, 3)],
      [30_000, expect.closeTo(3600, 3)],
      [30_000, expect.closeTo(900, 3)]
    ])
    expect(flushed.notes.join(' ')).toMatch(/Left out 2 rows .* PUE .* 2 runs/)

    const tasks = await importFile(
      write(
        'emissions_base_a.csv',
        'task_name,timestamp,project_name,run_id,duration,gpu_energy,gpu_model\n' +
          'load,2026-05-27T10:00:10,codecarbon,a,10,0.001,1 x A100\ninfer,2026-05-27T10:00:30,codecarbon,a,20,0.002,1 x A100\n'
      )
    )
    const named = await store.phases(tasks.recording.id)
    expect(named.map(({ name, toMs, fromMs }) => [name, toMs - fromMs])).toEqual([
      ['load', 10_000],
      ['infer', 20_000]
    ])
  })

  it.each([
    ['no-gpu.csv', 'start_time,window_name,elapsed_time,\n1.0,a,2.0,\n', 'no column gpuN_energy'],
    ['cut-zeus.csv', 'start_time,window_name,elapsed_time,gpu0_energy\n1,x,2\n', 'row 1: it has 3 cells'],
    [
      'cut-cc.csv',
      codeCarbon('2026-05-27T11:31:35,train,a,300.5,0.01,0.0035,0.02').trimEnd(),
      'row 1: it has 7'
    ],
    ['empty-zeus.csv', 'start_time,window_name,elapsed_time,gpu0_energy\n', 'has no rows'],
    ['unknown.csv', 'a,b\n1,2\n', 'none that is known'],
    ['bad-zeus.csv', 'start_time,window_name,elapsed_time,gpu0_energy\n1,x,two,3\n', 'row 1: elapsed_time'],
    ['bad-smi.csv', 'timestamp, power.draw [W]\nnonsense\n', 'no two readings'],
    ['bad-cc.csv', codeCarbon('yesterday,x,a,1,1,1,1,g'), 'timestamp is "yesterday"'],
    ['bad.parquet', 'not parquet', 'cannot be read']
  ])('refuses %s and leaves nothing behind', async (name, text, message) => {
    const before = (await store.list()).length
    await expect(importFile(write(name, text))).rejects.toMatchObject({
      code: 'data.invalid',
      message: expect.stringContaining(message)
    })
    expect(await store.list()).toHaveLength(before)
    await expect(importFile('/nowhere.csv')).rejects.toMatchObject({ code: 'input.notFound' })
  })
})

describe('what is no regular file', () => {
  it.runIf(process.platform === 'linux')(
    'is refused at once, with any ending: a pipe, a device',
    async () => {
      for (const ending of ['csv', 'parquet', 'json']) {
        const pipe = path.join(folder, `pipe.${ending}`)
        makeNamedPipe(pipe)
        await expect(importFile(pipe)).rejects.toMatchObject({ code: 'data.invalid' })
      }
      await expect(importFile('/dev/zero')).rejects.toMatchObject({ code: 'data.invalid' })
    }
  )
})

describe('lines of a power meter', () => {
  it('become a recording whose energy is current times voltage', async () => {
    // 1 s at 10 mA, then 1 s at 30 mA, 3 V: 30 mJ and 90 mJ, and the step between them lasts one reading (1 ms).
    const lines = Array.from({ length: 2001 }, (_, at) => `${at * 1000},${at < 1000 ? 10 : 30}`)
    const file = write('meter.csv', ['time_us,current_ma', ...lines].join('\n'))
    // Written on 1 March 2026, 12:00:02 UTC: it began 2 s before.
    utimesSync(file, 1_772_366_402, 1_772_366_402)
    const { recording, notes } = await importRecording(
      { id: 'meter', file, title: undefined, gpuName: undefined, meter: { supplyV: 3 } },
      store
    )
    expect(recordingSchema.parse(recording)).toMatchObject({
      ...{ origin: 'measured', durationMs: 2000, intervalMs: 1, samples: 2001, achievedHz: 1000 },
      ...{ startedAtMs: 1_772_366_400_000, askedHz: 1000 },
      meter: { kind: 'text', supplyV: 3, readings: 2001, badLines: [] }
    })
    const report = await createEnergyService({
      source: async () => store,
      store: async () => ({
        ...{ save: async () => undefined, find: async () => null, forget: async () => undefined },
        export: async () => 0
      })
    }).report('meter')
    expect(report.phases[0]!.totalJ).toBeCloseTo(0.12, 4)
    expect(report.gpus[0]!.sensor).toMatchObject({ family: 'power meter', seenFraction: 1 })
    expect(notes).toHaveLength(1)
  })

  it('count bad lines, and are refused where most lines are bad or there is no voltage', async () => {
    const good = await importFile(write('m2.csv', 'time_ms,current_ma,voltage_v\n0,1,3\nx\n1,1,3\n2,1,3\n'))
    expect(good.recording).toMatchObject({ samples: 3, malformedLines: 1, meter: { supplyV: null } })
    await expect(importFile(write('m3.csv', 'time_ms,current_ma,voltage_v\nx\ny\n'))).rejects.toMatchObject({
      code: 'data.invalid'
    })
    await expect(importFile(write('m4.csv', 'time_ms,current_ma\n0,1\n1,1\n'))).rejects.toMatchObject({
      code: 'input.invalid'
    })
  })

  it('believe readings below zero: a mean around zero is not raised by leaving them out', async () => {
    const lines = Array.from({ length: 1001 }, (_, at) => `${at},${at % 2 === 0 ? 1 : -1},1`)
    const { recording } = await importFile(
      write('m5.csv', ['time_ms,current_ma,voltage_v', ...lines].join('\n'))
    )
    const subjects = await readSubjects(store, recording, 0.95)
    const [analysis] = await analyseReadings(store, recording.id, subjects)
    expect(analysis!.phases[0]!.totalJ).toBeCloseTo(0, 9)
    expect(analysis!.phases[0]!.implausible).toBe(0)
  })
})
