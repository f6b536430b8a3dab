// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import type { Recording } from '@shared/contract/gpu'
import type { WorkloadRun } from '@shared/contract/workload'
import type { Closure, ImpactRow } from '@shared/contract/workload/workloadRows'
import { AppError } from '@shared/errors'
import StreamChart from '@renderer/charts/StreamChart.vue'
import { useGpu } from '@renderer/stores/gpu'
import { useRunLists } from '@renderer/stores/runList'
import { useWorkloads } from '@renderer/stores/workload'
import BenchmarkTable from '@renderer/views/workload/BenchmarkTable.vue'
import FiguresPanel from '@renderer/views/workload/FiguresPanel.vue'
import ImpactTable from '@renderer/views/workload/ImpactTable.vue'
import LayerTable from '@renderer/views/workload/LayerTable.vue'
import LivePower from '@renderer/views/workload/LivePower.vue'
import { betweenText } from '@renderer/views/workload/figureText'
import RunnerFields from '@renderer/views/workload/RunnerFields.vue'
import StoppedRun from '@renderer/views/workload/StoppedRun.vue'
import { sampleRuns } from '../../../../e2e/support/sampleRuns'
import { sampleRecording } from '../../../../e2e/support/sampleGpu'
import { sampleWorkload } from '../../../../e2e/support/sampleWorkload'
import { benchmarkRow, figure, impactRow, layerRow, missing } from '../../../core/workload/statistics/tables'
import { chart, replaceCharts } from '../../chartStandIn'
import { cellsOf, choose, enabledButtons, headsOf, optionsOf, submit, type } from '../../formFields'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

replaceCharts(StreamChart)

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

describe('what a workload runs', () => {
  const chosen = async (shipped: string[]) => {
    withClient({})
    const runners: unknown[] = []
    view = mountView(RunnerFields, {
      ...{ shipped, providers: ['cpu'], modelValue: null },
      'onUpdate:modelValue': (runner: unknown) => runners.push(runner)
    })
    await settle()
    return () => runners.at(-1) ?? null
  }

  it('is the first shipped network, or a file where none is shipped', async () => {
    const runner = await chosen(['gloss-classifier', 'gloss-language'])
    expect(runner()).toEqual({ kind: 'onnx', model: 'gloss-classifier' })
    view.unmount()
    const other = await chosen([])
    expect(other()).toBeNull()
    expect(view.text()).toContain('Test set (JSON lines)')
  })

  it('is what ran last, once, and not over what was chosen', async () => {
    const runner = await chosen(['gloss-classifier', 'gloss-language'])
    expect(runner()).toEqual({ kind: 'onnx', model: 'gloss-classifier' })
    const own = { model: '~/my net.onnx', dataset: '~/t.jsonl', task: 'perplexity' }
    await view.set({ last: { kind: 'onnx', ...own }, judged: true })
    expect(runner()).toEqual({ kind: 'onnx', ...own })
    await view.set({ last: { kind: 'onnx', model: 'gloss-language' } })
    expect(runner()).toEqual({ kind: 'onnx', ...own })
    view.unmount()
    const other = await chosen(['gloss-classifier', 'gloss-language'])
    await choose(view, 'Network', 'Program of my own')
    await view.set({ last: { kind: 'onnx', model: 'gloss-language' } })
    expect(other()).toBeNull()
  })

  it('is a file only together with its test set, without the spaces around them', async () => {
    const runner = await chosen(['gloss-classifier'])
    await choose(view, 'Network', 'ONNX file')
    expect(runner()).toBeNull()
    await type(view, 'ONNX or TFLite file', ' ~/net.onnx ')
    expect(runner()).toBeNull()
    await type(view, 'Test set', '~/test.jsonl ')
    expect(runner()).toEqual({ kind: 'onnx', model: '~/net.onnx', dataset: '~/test.jsonl' })
  })

  it('is a PyTorch network with its function, and with a device only where one is typed', async () => {
    const runner = await chosen([])
    await choose(view, 'Network', 'PyTorch, Python file')
    await type(view, 'Python file', '~/mine.py')
    expect(runner()).toEqual({ kind: 'torch', entry: '~/mine.py:build' })
    await type(view, 'Device', 'cuda:0')
    expect(runner()).toEqual({ kind: 'torch', entry: '~/mine.py:build', device: 'cuda:0' })
    await type(view, 'Function', ' ')
    expect(runner()).toBeNull()
  })

  it('is a program by its words', async () => {
    const runner = await chosen([])
    await choose(view, 'Network', 'Program of my own')
    expect(runner()).toBeNull()
    await type(view, 'Command', `node "my runner.mjs" --fast`)
    expect(runner()).toEqual({ kind: 'command', command: ['node', 'my runner.mjs', '--fast'] })
  })
})

describe('prediction impact', () => {
  const table = (rows: ImpactRow[]): void => {
    view = mountView(ImpactTable, { rows })
  }
  const layers = (): (string | undefined)[] => cellsOf(view.root).map(([layer]) => layer)

  it('shows one change at a time, the mean first, largest KL first and what is unknown before it', async () => {
    table([
      impactRow('a', 1, { change: 'zero' }),
      impactRow('b', 2, { change: 'mean' }),
      impactRow('c', 3, { change: 'mean' }),
      impactRow('d', 1, { change: 'mean', klNats: missing })
    ])
    expect(layers()).toEqual(['d', 'c', 'b'])
    expect(optionsOf(view, 'Change')).toEqual(['Output zeroed', 'Output at its mean'])
    await choose(view, 'Change', 'Output zeroed')
    expect(layers()).toEqual(['a'])
  })

  it('shows the first change where there is no mean', () => {
    table([impactRow('a', 1, { change: 'int4' }), impactRow('b', 1, { change: 'int8' })])
    expect(layers()).toEqual(['a'])
  })

  it('shows figures that do not exist as unavailable, and strikes out those that must not be quoted', () => {
    table([
      impactRow('a', 1, {
        ...{ klNats: missing, mcNemar: null },
        qualityChange: figure(0.5, { verdict: 'INVALID', low: null, high: null })
      })
    ])
    expect(cellsOf(view.root)[0]!.slice(2, 5)).toEqual(['–', '0.5 INVALID', '–'])
    expect([...view.root.querySelectorAll('s')].map((one) => one.textContent)).toEqual(['0.5'])
  })
})

describe('layers', () => {
  const closure: Closure = { timePercent: 96.4, energyPercent: null, verdict: 'INVALID', reason: 'No GPU.' }
  it('show how far their sum is from the network, and why it does not count', () => {
    view = mountView(LayerTable, { rows: [layerRow('h.0', null)], closure })
    expect(view.text()).toContain('sum by whole network: time 96 %, energy –: INVALID')
    expect(view.text()).toContain('No GPU.')
    expect(cellsOf(view.root)[0]!.slice(4)).toEqual(['25.0 %', '–', '–'])
    view.unmount()
    view = mountView(LayerTable, { rows: [layerRow('h.0', 1)], closure: { ...closure, reason: null } })
    expect(view.text()).not.toContain('No GPU.')
  })

  it('name the layer measured in their place; start temperatures have a column only where there are some', () => {
    const heads = (): string[] => headsOf(view.root)
    view = mountView(LayerTable, { rows: [layerRow('h.1', 1, { sameAs: 'h.0' })], closure })
    expect(cellsOf(view.root)[0]![0]).toBe('h.1 as h.0')
    expect(heads().join()).not.toContain('Started at')
    view.unmount()
    view = mountView(LayerTable, { rows: [layerRow('h.1', 1, { startC: { minC: 41, maxC: 44 } })], closure })
    expect(heads().join()).toContain('Started at')
    expect(cellsOf(view.root)[0]!.at(-1)).toBe('41 to 44 °C')
  })
})

it('precisions show accuracy in percent and perplexity as it is', () => {
  view = mountView(BenchmarkTable, { rows: [benchmarkRow('fp32', 1000)] })
  expect(cellsOf(view.root)[0]![6]).toContain('91.0 %')
  view.unmount()
  view = mountView(BenchmarkTable, {
    rows: [benchmarkRow('fp32', 1000, { metric: 'perplexity', quality: figure(12.5) })]
  })
  expect(cellsOf(view.root)[0]![6]).toMatch(/^12\.5 /)
})

it('precisions show the throughput where no energy stands in its place, else when it is chosen', () => {
  const looped = figure(12_345, { low: 12_000, high: 12_700 })
  const row = benchmarkRow('fp32', 1000, { throughputPerS: looped })
  view = mountView(BenchmarkTable, { rows: [{ ...row, energyTotalJ: missing, energyNetJ: missing }] })
  expect(headsOf(view.root)[4]).toBe('Samples/s')
  expect(cellsOf(view.root)[0]![4]).toBe('12345 12000 … 12700')
  view.unmount()
  view = mountView(BenchmarkTable, { rows: [{ ...row, energyTotalJ: figure(1) }] })
  expect(headsOf(view.root)).not.toContain('Samples/s')
  expect(view.text()).toContain('Samples/s')
})

describe('findings and figures', () => {
  const run: WorkloadRun = { ...sampleWorkload, id: 'w1' }
  const svg = (name: string) => ({ name, svg: `<svg id="${name}"/>` })
  const opened = async (figures: { name: string; svg: string }[], findings: string[] = []) => {
    const client = withClient({
      'workload.get': () => ({ run }),
      'workload.figures': () => ({ figures, findings }) as never,
      'workload.export': ({ folder }) => {
        if (folder === '/full') throw new AppError('tool.failed', 'No space left.', 'Delete files.')
        return { files: ['a.csv', 'b.png'].map((file) => ({ file, rows: null })) }
      }
    })
    await useWorkloads().select.run('w1')
    view = mountView(FiguresPanel, { run })
    await settle()
    return client
  }

  it('are listed, and one fills the panel until it is clicked again', async () => {
    await opened([svg('benchmark_overview'), svg('my_figure')], ['h.0 takes most.'])
    const titles = (): (string | null)[] =>
      [...view.root.querySelectorAll('.figures img')].map((one) => one.getAttribute('alt'))
    expect(view.text()).toContain('h.0 takes most.')
    expect(titles()).toEqual(['Precisions: latency, speedup, energy, throughput, quality, size', 'my_figure'])
    view.root.querySelectorAll<HTMLElement>('.figures button')[1]!.click()
    await settle()
    expect(titles()).toEqual(['my_figure'])
    view.root.querySelector<HTMLElement>('.figures button')!.click()
    await settle()
    expect(titles()).toHaveLength(2)
  })

  it('of another run are not shown', async () => {
    await opened([svg('benchmark_overview')])
    await view.set({ run: { ...run, id: 'w2' } })
    expect(view.root.querySelectorAll('.figures img')).toHaveLength(0)
  })

  it('are not there yet while nothing can be drawn', async () => {
    await opened([])
    expect(view.text()).toContain('Nothing to draw yet.')
  })

  it('are written to a folder that is named, and another run was not written', async () => {
    const client = await opened([svg('benchmark_overview')])
    expect(enabledButtons(view)).not.toContain('Write files')
    await type(view, 'Write tables', ' /out ')
    await submit(view)
    expect(client.calls.at(-1)).toMatchObject({
      name: 'workload.export',
      input: { id: 'w1', folder: '/out' }
    })
    expect(view.the('[role=status]').textContent).toBe('2 files written')
    await view.set({ run: { ...run, id: 'w2' } })
    expect(view.the('[role=status]').textContent).toBe('')
  })
})

describe('the power of a run that goes on', () => {
  const run: WorkloadRun = { ...sampleWorkload, state: 'running', recordingIds: ['r1'] }
  const recording: Recording = { ...sampleRecording, state: 'running', startedAtMs: 1_000_000 }
  const mounted = async (recordings: Recording[]) => {
    const client = withClient({
      'gpu.recording': () => ({ recording, phases: [], gaps: [] }) as never,
      'gpu.history': () => ({ fromMs: 0, stepMs: 1, mean: [] }) as never
    })
    useGpu().recordings = recordings
    view = mountView(LivePower, { run })
    await settle()
    return client
  }

  it('is shown only while one of its recordings runs', async () => {
    await mounted([
      { ...recording, state: 'done' },
      { ...recording, id: 'strange' }
    ])
    expect(view.text()).toBe('')
  })

  it('names the open phase and the newest power, of this recording alone', async () => {
    const client = await mounted([recording, { ...recording, id: 'strange' }])
    expect(view.text()).toContain('between phases')
    expect(view.text()).toContain('Waiting for the first reading…')
    const tMs = [1_000_100, 1_000_200]
    client.emit('gpu.sampled', {
      ...{ sequence: 1, dropped: 0 },
      batches: [{ gpuIndex: 0, tMs, metrics: { powerInstantW: [200, 210] } }]
    } as never)
    const mark = (recordingId: string, name: string): void =>
      client.emit('gpu.phaseMarked', { recordingId, name, state: 'begin', atMs: 100 })
    mark('r1', 'benchmark:fp32')
    await settle()
    expect(view.text()).toContain('benchmark:fp32: 210 W')
    expect(chart('Power').props['phases']).toEqual([
      { name: 'benchmark:fp32', fromMs: 1_000_100, toMs: 1_000_200 }
    ])
    mark('strange', 'other')
    await settle()
    expect(view.text()).not.toContain('other')
  })

  it('holds the whole stretch of a trigger, and lets it go with the recording', async () => {
    const client = await mounted([recording])
    const send = async (fromS: number, watts: number[]): Promise<void> => {
      client.emit('gpu.sampled', {
        ...{ sequence: 1, dropped: 0 },
        batches: [
          {
            gpuIndex: 0,
            tMs: watts.map((_, at) => 1000 * (fromS + at)),
            metrics: { powerInstantW: watts }
          }
        ]
      } as never)
      await settle()
    }
    const times = (): number[] => Array.from((chart('Power').props['trace'] as { timesMs: number[] }).timesMs)
    await send(1000, [50, 50, 50])
    await type(view, 'Seconds before', '2')
    await type(view, 'Seconds after', '90')
    await submit(view)
    await send(1003, [200, ...Array.from({ length: 95 }, () => 180)])
    expect(view.text()).toContain('held')
    // Longer than the minute that is shown.
    expect([times()[0], times().at(-1)]).toEqual([1_001_000, 1_093_000])
    useGpu().recordings = [{ ...recording, id: 'r2' }]
    await view.set({ run: { ...run, recordingIds: ['r1', 'r2'] } })
    await settle()
    expect(times().at(-1)).toBe(1_098_000)
    expect(times()).toHaveLength(61)
  })

  it('keeps a trigger that fired shortly before the run ended, with what came behind it', async () => {
    const client = await mounted([recording])
    const send = async (fromMs: number, watts: number[]): Promise<void> => {
      const tMs = watts.map((_, at) => fromMs + 1000 * at)
      const batches = [{ gpuIndex: 0, tMs, metrics: { powerInstantW: watts } }]
      client.emit('gpu.sampled', { sequence: 1, dropped: 0, batches } as never)
      await settle()
    }
    const end = async (): Promise<void> => {
      useGpu().recordings = [{ ...recording, state: 'done' }]
      await settle()
    }
    const times = (): number[] => Array.from((chart('Power').props['trace'] as { timesMs: number[] }).timesMs)
    await send(1_000_000, [50, 50, 50])
    await type(view, 'Seconds before', '1')
    await type(view, 'Seconds after', '30')
    await submit(view)
    await send(1_003_000, [200, 180])
    expect(view.text()).toContain('fired, waiting for the time after it')
    await end()
    expect(view.text()).toContain('held: fired at')
    expect(view.text()).toContain('the recording has ended')
    expect(times()).toEqual([1_002_000, 1_003_000, 1_004_000])
    // Released, there is nothing more to show.
    view.the<HTMLButtonElement>('form button[type=button]').click()
    await settle()
    expect(view.text()).toBe('')
  })
})

it.each([
  ['3.9 ms', '4.1 ms', '3.9 … 4.1 ms'],
  ['900 µs', '1.2 ms', '900 µs … 1.2 ms'],
  ['51.0 %', '100.0 %', '51.0 … 100.0 %'],
  ['-0.75', '0', '-0.75 … 0']
])('writes a unit of %s to %s once', (low, high, text) => expect(betweenText(low, high)).toBe(text))

describe('a run that stopped', () => {
  const mounted = async (state: 'failed' | 'cancelled', resumable: boolean, message: string | null) => {
    const resumed: string[] = []
    withClient({
      'run.list': () => ({ runs: [{ ...sampleRuns[0]!, id: 'w1', kind: 'workload', resumable }] }),
      'run.resume': ({ id }) => {
        resumed.push(id)
        return { jobId: 'j1' } as never
      },
      'workload.get': () => ({ run: sampleWorkload })
    })
    await useRunLists().load.run('workload')
    view = mountView(StoppedRun, { run: { ...sampleWorkload, state, message } })
    await settle()
    return resumed
  }

  it('says why and what to do, and goes on', async () => {
    const resumed = await mounted('failed', true, 'Nothing was measured: it broke. Mend it.')
    expect(view.text()).toContain('This run failed after')
    expect(view.text()).toContain('Nothing was measured: it broke. Mend it.')
    view.root.querySelector('button')!.click()
    await settle()
    expect(resumed).toEqual(['w1'])
  })

  it('offers nothing where it cannot go on', async () => {
    await mounted('cancelled', false, 'Cancelled; finished steps are kept.')
    expect(view.text()).toMatch(/^This run was cancelled after \d+ of \d+ steps\.$/)
    expect(view.root.querySelector('button')).toBeNull()
  })
})
