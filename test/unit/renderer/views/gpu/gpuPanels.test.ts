// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { EnergyReport } from '@shared/contract/energy'
import type { Gpu, Recording, SamplingState } from '@shared/contract/gpu'
import { AppError } from '@shared/errors'
import StreamChart from '@renderer/charts/StreamChart.vue'
import type { MemoryClient, MemoryHandlers } from '@renderer/client/memoryClient'
import { useGpu } from '@renderer/stores/gpu'
import ImportRecording from '@renderer/views/gpu/ImportRecording.vue'
import LivePanel from '@renderer/views/gpu/LivePanel.vue'
import RecordingDetail from '@renderer/views/gpu/RecordingDetail.vue'
import RecordingList from '@renderer/views/gpu/RecordingList.vue'
import { sampleEnergy, sampleGpuList, sampleRecording, sampleTrace } from '../../../../e2e/support/sampleGpu'
import { chart, replaceCharts } from '../../chartStandIn'
import { cellsOf, choose, enabledButtons, headsOf, optionsOf, submit, type } from '../../formFields'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

replaceCharts(StreamChart)

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

const gpu: Gpu = sampleGpuList.gpus[0]!
const stopped: SamplingState = {
  ...{ state: 'stopped', intervalMs: 100, achievedHz: null, samples: 0, restarts: 0, gaps: 0 },
  ...{ malformedLines: 0, dropped: 0, recordingId: null, message: null, hint: null }
}
const handlers = (more: MemoryHandlers = {}): MemoryHandlers => ({
  'gpu.list': () => sampleGpuList,
  'gpu.samplingState': () => stopped,
  'gpu.recordings': () => ({ recordings: [], unreadable: [] }),
  'gpu.history': () => ({ fromMs: 0, stepMs: 1, mean: [], min: [], max: [] }),
  'run.markers': () => ({ markers: [] }),
  ...more
})

describe('live readings', () => {
  const mounted = async (sampling: Partial<SamplingState>, gpus: Gpu[] = [gpu]): Promise<MemoryClient> => {
    const client = withClient(
      handlers({
        'gpu.list': () => ({ ...sampleGpuList, gpus }),
        'gpu.samplingState': () => ({ ...stopped, ...sampling }),
        'gpu.startSampling': ({ intervalMs = 0 }) => ({ ...stopped, state: 'starting', intervalMs })
      })
    )
    await useGpu().load.run()
    view = mountView(LivePanel, {})
    await settle()
    return client
  }
  const send = async (client: MemoryClient, gpuIndex: number, metrics: Record<string, (number | null)[]>) => {
    const tMs = [1000, 1100, 1200]
    client.emit('gpu.sampled', { sequence: 1, dropped: 4, batches: [{ gpuIndex, tMs, metrics }] })
    await settle()
  }

  it('offer to start the sampler only while it is stopped', async () => {
    const client = await mounted({})
    expect(view.text()).toContain('Nothing is sampled')
    view.button('Start sampling').click()
    await settle()
    expect(client.calls.at(-1)).toMatchObject({ name: 'gpu.startSampling', input: { intervalMs: 100 } })
    expect(view.text()).toContain('Waiting for the first reading')
    expect(enabledButtons(view)).toEqual([])
  })

  it('show why the sampler failed, and start it as it was', async () => {
    const client = await mounted({ state: 'failed', intervalMs: 250, message: 'Killed.', hint: 'Look.' })
    expect(view.text()).toContain('Killed.')
    expect(view.text()).not.toContain('Nothing is sampled')
    view.button('Start again').click()
    expect(client.calls.at(-1)).toMatchObject({ name: 'gpu.startSampling', input: { intervalMs: 250 } })
    await settle()
  })

  it('count what the sampler counts, and gaps that the chart shows though the sampler saw none', async () => {
    const client = await mounted({ state: 'running', achievedHz: 9.5, samples: 3, malformedLines: 2 })
    await send(client, 0, { powerW: [60, null, 62] })
    expect(view.text()).toContain(
      'running · 9.5 readings per second · 3 readings · 1 gap · 0 restarts · 2 unreadable lines · 4 not drawn'
    )
    expect(chart('Power').props['unit']).toBe('W')
  })

  it('offer only what the GPU measures, and begin with that where it measures no power', async () => {
    const fields = gpu.fields.map((field) => ({ ...field, supported: field.metric === 'temperatureC' }))
    const client = await mounted({ state: 'running' }, [gpu, { ...gpu, index: 1, name: 'Old', fields }])
    expect(optionsOf(view, 'Show')).toHaveLength(3)
    await choose(view, 'GPU', '1: Old')
    expect(optionsOf(view, 'Show')).toEqual(['Temperature'])
    await send(client, 1, { powerW: [1, 2, 3], temperatureC: [30, 31, 32] })
    const { values } = chart('Temperature').props['trace'] as { values: Float64Array }
    expect([...values]).toEqual([30, 31, 32])
  })
})

describe('the list of recordings', () => {
  const mounted = async (recordings: Recording[], unreadable: { id: string; problem: string }[] = []) => {
    const client = withClient(handlers({ 'gpu.recordings': () => ({ recordings, unreadable }) as never }))
    await useGpu().load.run()
    view = mountView(RecordingList, {})
    await settle()
    return client
  }

  it('says how to make one when there is none', async () => {
    await mounted([])
    expect(view.text()).toContain('Nothing was recorded yet')
    expect(view.root.querySelector('table')).toBeNull()
  })

  it('is newest first; a click opens one', async () => {
    const client = await mounted([
      sampleRecording,
      { ...sampleRecording, id: 'r2', title: 'newer', startedAtMs: sampleRecording.startedAtMs + 1 }
    ])
    expect(cellsOf(view.root).map((cells) => cells[1])).toEqual(['newer', 'bench.py'])
    view.root.querySelectorAll<HTMLElement>('tbody tr')[1]!.click()
    await settle()
    expect(client.calls.filter(({ name }) => name === 'gpu.recording')).toMatchObject([
      { input: { id: 'r1' } }
    ])
  })
})

describe('importing a recording', () => {
  it('says what was imported and what is to be known of it, and empties the field', async () => {
    withClient(
      handlers({
        'gpu.importRecording': () => ({ recording: sampleRecording, notes: ['No clock.'] }) as never
      })
    )
    view = mountView(ImportRecording, {})
    expect(enabledButtons(view)).not.toContain('Import')
    await type(view, 'Import:', ' ~/run.csv ')
    await submit(view)
    expect(view.the('[role=status]').textContent).toBe('bench.py was imported. No clock.')
    expect(view.the<HTMLInputElement>('input[type=text]').value).toBe('')
  })

  it('keeps what was typed when it fails, with the reason', async () => {
    const client = withClient(
      handlers({
        'gpu.importRecording': () => {
          throw new AppError('data.invalid', 'No readings.', 'Export it again.')
        }
      })
    )
    view = mountView(ImportRecording, {})
    await type(view, 'Import:', ' ~/run.csv ')
    await submit(view)
    expect(client.calls.find(({ name }) => name === 'gpu.importRecording')?.input).toEqual({
      file: '~/run.csv'
    })
    expect(view.text()).toContain('No readings.')
    expect(view.the<HTMLInputElement>('input[type=text]').value).toBe(' ~/run.csv ')
  })
})

describe('a recording', () => {
  const mounted = async (recording: Partial<Recording>, report: Partial<EnergyReport> = {}) => {
    const found = { recording: { ...sampleRecording, ...recording }, phases: [], gaps: [] }
    const client = withClient(
      handlers({
        'gpu.recording': ({ id }) => ({ ...found, recording: { ...found.recording, id } }) as never,
        'energy.report': () => ({ ...sampleEnergy, ...report }),
        'gpu.recordingTrace': () => sampleTrace,
        'gpu.exportRecording': ({ file }) => ({ files: [{ file, rows: 1 }] }) as never
      })
    )
    await useGpu().open.run('r1')
    view = mountView(RecordingDetail, { detail: useGpu().detail! })
    await settle()
    return client
  }
  const table = (label: string): { heads: string; cells: string[][] } => {
    const root = view.the(`[role=region][aria-label="${label}"]`)
    return { heads: headsOf(root).join(', '), cells: cellsOf(root) }
  }

  it('names its driver, or says that a log of another program does not', async () => {
    await mounted({ driverVersion: '550.54' })
    expect(view.text()).toContain('Driver 550.54, 0 gaps')
    view.unmount()
    await mounted({ driverVersion: '' })
    expect(view.text()).toContain('Driver not named, 0 gaps')
  })

  it('shows the energy of every phase with its doubts, and trials with their interval', async () => {
    await mounted({})
    const phases = table('Phases')
    expect(phases.heads).toContain('GPU, Duration, Total, Counter, Idle')
    expect(phases.cells[0]).toContain('The phase is shorter than 5 s.')
    expect(table('Trials').cells).toEqual([
      ['fp16', '1', '812 J (790 J to 834 J) per repetition', '812 J (790 J to 834 J)', '1.7 %', 'VALID']
    ])
  })

  it('counts the trials of each GPU, and names the GPU where there are several', async () => {
    const both = [0, 1]
    await mounted(
      {},
      {
        gpus: both.map((gpuIndex) => ({ ...sampleEnergy.gpus[0]!, gpuIndex })),
        phases: both.flatMap((gpuIndex) =>
          [0, 1, 2].map((trial) => ({ ...sampleEnergy.phases[0]!, gpuIndex, trial }))
        ),
        summaries: both.map((gpuIndex) => ({ ...sampleEnergy.summaries[0]!, gpuIndex }))
      }
    )
    expect(table('Trials').cells.map((cells) => cells.slice(0, 3))).toEqual([
      ['fp16', '0', '3'],
      ['fp16', '1', '3']
    ])
  })

  it('of a power meter has neither GPU nor counter', async () => {
    const meter = {
      ...{ kind: 'ppk2' as const, source: '/dev/ttyACM1', supplyV: 3.3, readings: 10, lost: null },
      ...{ binMs: null, badLines: [], notes: ['Calibrated.'] }
    }
    await mounted({ meter })
    expect(table('Phases').heads).not.toMatch(/GPU|Counter/)
    expect(view.text()).toContain('Calibrated.')
  })

  it('gives the reasons against its figures', async () => {
    const reasons = [{ message: 'Too few trials.', hint: 'Record more.' }]
    const summary = { ...sampleEnergy.summaries[0]!, verdict: 'INVALID' as const, reasons, notes: ['Warm.'] }
    await mounted({}, { summaries: [{ ...summary, totalJ: null }] })
    expect(view.text()).toContain('fp16 Too few trials. Record more.')
    expect(view.text()).toContain('fp16 Warm.')
    expect(table('Trials').cells[0]!.slice(2, 3)).toEqual(['–'])
  })

  it('is exported to a file whose ending says the format, and another recording was not', async () => {
    const client = await mounted({})
    await type(view, 'Export to', '~/run.txt')
    expect(enabledButtons(view)).not.toContain('Export')
    await type(view, 'Export to', ' ~/run.csv ')
    expect(enabledButtons(view)).toContain('Export')
    await submit(view)
    expect(client.calls.at(-1)).toMatchObject({ input: { id: 'r1', file: '~/run.csv' } })
    expect(view.text()).toContain('~/run.csv (1 row)')
    await useGpu().open.run('r2')
    await view.set({ detail: useGpu().detail! })
    expect(view.text()).not.toContain('~/run.csv (1 row)')
  })

  it('that was opened last stays, though another one is read later', async () => {
    const waiting = new Map<string, () => void>()
    withClient(
      handlers({
        'gpu.recording': ({ id }) =>
          new Promise((resolve) =>
            waiting.set(id, () =>
              resolve({ recording: { ...sampleRecording, id }, phases: [], gaps: [] } as never)
            )
          ),
        'energy.report': () => sampleEnergy,
        'gpu.recordingTrace': () => sampleTrace
      })
    )
    view = mountView(RecordingList, {})
    const store = useGpu()
    const opened = [store.open.run('slow'), store.open.run('fast')]
    await vi.waitFor(() => expect(waiting.size).toBe(2), { timeout: 30_000 })
    waiting.get('fast')!()
    await settle()
    waiting.get('slow')!()
    await Promise.all(opened)
    expect(store.detail?.recording.id).toBe('fast')
  })
})
