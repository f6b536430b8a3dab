// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Settings } from '@shared/contract/app'
import type { CampaignPreview, Sample } from '@shared/contract/profile'
import PlotCanvas from '@renderer/charts/PlotCanvas.vue'
import { useApp } from '@renderer/stores/app'
import { useModels } from '@renderer/stores/model'
import { useProfile } from '@renderer/stores/profile'
import { useRuns } from '@renderer/stores/run'
import RangesPanel from '@renderer/views/model/RangesPanel.vue'
import CampaignForm from '@renderer/views/profile/CampaignForm.vue'
import SampleTable from '@renderer/views/profile/SampleTable.vue'
import SettingsView from '@renderer/views/SettingsView.vue'
import { sampleModel, sampleRanges } from '../../../e2e/support/sampleModel'
import { sampleRuns } from '../../../e2e/support/sampleRuns'
import { replaceCharts } from '../chartStandIn'
import { cellsOf, choose, enabledButtons, headsOf, submit, type } from '../formFields'
import { mountView, settle, wordsOf, type Mounted } from '../mountView'
import { withClient } from '../stores/withClient'

replaceCharts(PlotCanvas)

let view: Mounted<Record<string, unknown>>
afterEach(() => {
  view.unmount()
  vi.useRealTimers()
})

describe('a campaign', () => {
  const plan: CampaignPreview = {
    ...{ samples: 120, alreadyMeasured: 8, skipped: 2, estimateMs: 90_000, estimateFrom: 'samples' as const },
    skippedBecause: [{ reason: 'too large', count: 2 }],
    byKernel: [{ kernel: 'conv2d' as const, shapes: 5, pairs: 16, samples: 80 }],
    preview: []
  }
  const mounted = async (planned: Partial<CampaignPreview> = {}) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const client = withClient({ 'profile.plan': () => ({ plan: { ...plan, ...planned } }) })
    view = mountView(CampaignForm, { boardId: 'virtual:small' })
    await vi.advanceTimersByTimeAsync(300)
    const plans = (): unknown[] =>
      client.calls.filter(({ name }) => name === 'profile.plan').map(({ input }) => input)
    return { client, plans }
  }

  it('is planned once the keys rest, and says what it takes', async () => {
    const { plans } = await mounted()
    expect(plans()).toMatchObject([{ boardId: 'virtual:small', pairs: [], repetitions: 2 }])
    const words = wordsOf(view.root)
    expect(words).toContain('Left out 2: too large')
    expect(words).toContain('Duration about 1 min 30 s, from samples of this board')
    expect(words).toContain('conv2d 5 × 16 pairs')
  })

  it('has nothing to do where everything is measured', async () => {
    await mounted({ samples: 0, skipped: 0 })
    expect(enabledButtons(view)).not.toContain('Measure')
    expect(view.text()).toContain('All of it is measured already.')
    expect(wordsOf(view.root)).not.toContain('Duration')
  })

  it('names the pairs only where not all are chosen, and keeps one', async () => {
    const { plans } = await mounted()
    const pairs = [...view.root.querySelectorAll<HTMLElement>('.pairs button')]
    expect(pairs).toHaveLength(16)
    for (const pair of pairs) pair.click()
    await vi.advanceTimersByTimeAsync(300)
    expect(plans().at(-1)).toMatchObject({ pairs: [{ activationBits: 1, weightBits: 1 }] })
    expect(pairs.map((one) => one.getAttribute('aria-pressed')).filter((on) => on === 'true')).toHaveLength(1)
  })

  it('measures energy where a meter is named, and is not sent while its port is empty', async () => {
    const { client, plans } = await mounted()
    expect(plans().at(-1)).toMatchObject({ energy: null })
    const box = [...view.root.querySelectorAll<HTMLInputElement>('[type=checkbox]')].find((one) =>
      wordsOf(one.closest('label')!).startsWith('Energy too')
    )!
    box.checked = true
    box.dispatchEvent(new Event('change'))
    await vi.advanceTimersByTimeAsync(300)
    const meter = { port: 'virtual:ppk2', kind: 'ppk2', supplyV: 3.3 }
    expect(plans().at(-1)).toMatchObject({ energy: { meter, trials: 3, trialMs: 250, idleMs: 1000 } })
    const port = (): HTMLInputElement => view.the('[placeholder="/dev/ttyACM0"]')
    await view.set({ boardId: '/dev/ttyUSB0' })
    await vi.advanceTimersByTimeAsync(300)
    // The simulated meter knows nothing of this board.
    expect(plans().at(-1)).toMatchObject({ boardId: '/dev/ttyUSB0', energy: null })
    expect([port().value, port().required, view.the<HTMLFormElement>('form').checkValidity()]).toEqual([
      ...['', true, false]
    ])
    port().value = ' /dev/ttyACM1 '
    port().dispatchEvent(new Event('input'))
    await vi.advanceTimersByTimeAsync(300)
    expect(plans().at(-1)).toMatchObject({ energy: { meter: { ...meter, port: '/dev/ttyACM1' } } })
    expect(view.the<HTMLFormElement>('form').checkValidity()).toBe(true)
    view.the('form').dispatchEvent(new Event('submit', { cancelable: true }))
    await vi.advanceTimersByTimeAsync(10)
    expect(client.calls.at(-1)).toMatchObject({ name: 'profile.run', input: plans().at(-1)! })
  })

  it('plans no more once its page is left', async () => {
    const { plans } = await mounted()
    view.root.querySelector<HTMLElement>('.pairs button')!.click()
    await Promise.resolve()
    view.unmount()
    await vi.advanceTimersByTimeAsync(1000)
    expect(plans()).toHaveLength(1)
  })
})

describe('late replies', () => {
  /** A client whose replies to one command come when the test says so, in the order of the calls. */
  const held = <N extends 'profile.plan' | 'profile.samples' | 'run.list'>(name: N) => {
    const replies: ((value: unknown) => void)[] = []
    withClient({ [name]: () => new Promise((resolve) => replies.push(resolve)) })
    view = mountView({ render: () => null }, {})
    return replies
  }

  it('of an earlier plan do not replace the newest one', async () => {
    const replies = held('profile.plan')
    const profile = useProfile()
    const plan = (samples: number) => ({
      plan: {
        ...{ samples, alreadyMeasured: 0, skipped: 0, estimateMs: 1, estimateFrom: 'analytic' },
        ...{ skippedBecause: [], byKernel: [], preview: [] }
      }
    })
    const runs = [1, 2].map((seed) => profile.preview.run({ boardId: 'b', seed }))
    await vi.waitFor(() => expect(replies).toHaveLength(2), { timeout: 30_000 })
    replies[1]!(plan(2))
    replies[0]!(plan(1))
    await Promise.all(runs)
    expect([profile.preview.error, profile.plan?.samples]).toEqual([null, 2])
  })

  it('with the Samples of an earlier board do not stand under the present one', async () => {
    const replies = held('profile.samples')
    const profile = useProfile()
    const runs = ['a', 'b'].map((id) => profile.loadSamples.run(id))
    await vi.waitFor(() => expect(replies).toHaveLength(2), { timeout: 30_000 })
    replies[1]!({ samples: [], unreadable: [], total: 2 })
    replies[0]!({ samples: [], unreadable: [], total: 1 })
    await Promise.all(runs)
    expect([profile.boardId, profile.total]).toEqual(['b', 2])
    void profile.loadSamples.run('c')
    expect([profile.boardId, profile.total]).toEqual(['c', 0])
  })

  it('to an earlier text do not replace the runs that were found for the present one', async () => {
    const replies = held('run.list')
    const runs = useRuns()
    const loads = ['a', 'ab'].map((text) => {
      runs.text = text
      return runs.load.run()
    })
    await vi.waitFor(() => expect(replies).toHaveLength(2), { timeout: 30_000 })
    replies[1]!({ runs: sampleRuns.slice(0, 1) })
    replies[0]!({ runs: sampleRuns })
    await Promise.all(loads)
    expect(runs.runs).toHaveLength(1)
  })
})

describe('the Samples of a board', () => {
  const sample = (id: string, changes: Partial<Sample> = {}): Sample =>
    ({
      ...{ id, boardId: 'b', kernel: 'matmul', dims: [8, 16, 4], weightBits: 4, activationBits: 8 },
      ...{ time: 12_345, unit: 'cycles', macs: 512, origin: 'measured', verified: true },
      ...{ measuredAtMs: 1_790_000_000_000 },
      ...changes
    }) as Sample
  const shown = async (samples: Sample[], total = samples.length) => {
    withClient({})
    const profile = useProfile()
    profile.samples = samples
    profile.total = total
    view = mountView(SampleTable, { boardId: 'b' })
    await settle()
    return profile
  }
  const heads = (): string[] => headsOf(view.root)

  it('name the unit once where all have it, else in each row', async () => {
    await shown([sample('1')])
    expect(heads()).toContain('Time, cycles')
    expect(cellsOf(view.root)[0]!.slice(1, 8)).toEqual([
      ...['matmul', '8 × 16 × 4', 'w4a8', '12,345', '24.1', 'measured', 'verified']
    ])
    view.unmount()
    await shown([sample('1'), sample('2', { unit: 'instructions', macs: 0, verified: false })])
    expect(cellsOf(view.root)[1]!.slice(4, 8)).toEqual([
      ...['12,345 instructions', '–', 'measured', 'not checked']
    ])
  })

  it('of energy are named so, and exported in the unit that is chosen', async () => {
    const client = withClient({ 'profile.export': () => ({ rows: 1, path: null, text: null }) })
    const profile = useProfile()
    profile.samples = [sample('1'), sample('2', { unit: 'nJ', time: 30.5, macs: 512 })]
    view = mountView(SampleTable, { boardId: 'b' })
    await settle()
    expect(heads()).toContain('Time or energy')
    await choose(view, 'Kernel', 'matmul')
    expect(enabledButtons(view)).not.toContain('Export for fits')
    await choose(view, 'Unit', 'nJ')
    expect(heads()).toContain('Energy, nJ')
    expect(cellsOf(view.root)).toHaveLength(1)
    view.button('Export for fits').click()
    await settle()
    expect(client.calls.at(-1)).toMatchObject({
      name: 'profile.export',
      input: { boardId: 'b', kernel: 'matmul', unit: 'nJ' }
    })
    await choose(view, 'Unit', 'cycles')
    expect(heads()).toContain('Time, cycles')
  })

  it('say how many are not shown', async () => {
    await shown([sample('1')], 3000)
    expect(view.text()).toContain('1 of 3 k shown')
    view.unmount()
    await shown([])
    expect(view.text()).toContain('No samples yet')
  })

  it('are exported of one kernel; a kernel that another board does not have is no filter', async () => {
    const profile = await shown([sample('1'), sample('2', { kernel: 'conv2d' })])
    expect(enabledButtons(view)).not.toContain('Export for fits')
    await choose(view, 'Kernel', 'conv2d')
    expect(cellsOf(view.root)).toHaveLength(1)
    expect(enabledButtons(view)).toContain('Export for fits')
    profile.samples = [sample('3'), sample('4')]
    await settle()
    expect(cellsOf(view.root)).toHaveLength(2)
  })
})

describe('value ranges', () => {
  const mounted = async () => {
    const client = withClient({ 'model.measureRanges': () => ({ jobId: 'j1' }) as never })
    const layers: (string | null)[] = []
    view = mountView(RangesPanel, {
      ...{ model: sampleModel, layer: null },
      'onUpdate:layer': (layer: string | null) => layers.push(layer)
    })
    return { client, layers }
  }

  it('are measured first', async () => {
    const { client } = await mounted()
    expect(view.text()).toContain('Not measured yet')
    view.button('Measure').click()
    expect(client.calls.at(-1)).toMatchObject({ input: { modelId: sampleModel.id } })
    await settle()
  })

  it('draw the first layer with weights until a layer is chosen', async () => {
    const { layers } = await mounted()
    useModels().ranges = sampleRanges
    await settle()
    const captions = (): (string | null)[] =>
      [...view.root.querySelectorAll('figcaption')].map((one) => one.textContent)
    const [first] = sampleRanges.weights
    expect(captions()[0]).toBe(`Weights of ${first!.layer}`)
    const last = sampleModel.nodes.length - 1
    view.root.querySelectorAll<HTMLElement>('tbody tr[aria-rowindex]')[last]!.click()
    expect(layers).toEqual([sampleModel.nodes[last]!.name])
  })

  it('leave a dash where a layer has no values', async () => {
    await mounted()
    const { name } = sampleModel.nodes[0]!
    useModels().ranges = {
      ...sampleRanges,
      weights: [],
      activations: sampleRanges.activations.filter(({ layer }) => layer !== name)
    }
    await settle()
    expect(cellsOf(view.root)[0]).toEqual([name, '', '–', '–', '–'])
  })
})

describe('settings', () => {
  const settings: Settings = {
    ...{ theme: 'dark', workers: 3, defaultBoard: 'virtual:small', nvidiaSmiPath: null, guideSeen: true }
  } as Settings
  const mounted = async () => {
    const client = withClient({
      'app.saveSettings': (changes) => ({ ...settings, ...changes }) as Settings,
      'store.info': () =>
        ({ file: '/d/bench.db', sizeBytes: 2048, tables: [{ name: 'runs', rows: 1 }] }) as never
    })
    useApp().settings = settings
    view = mountView(SettingsView, {})
    await settle()
    return client
  }

  it('are saved as shown, an empty path as none', async () => {
    const client = await mounted()
    await choose(view, 'Theme', 'light')
    await type(view, 'Path of nvidia-smi', '  ')
    await submit(view, 'form.form')
    expect(client.calls.findLast(({ name }) => name === 'app.saveSettings')?.input).toMatchObject({
      ...{ theme: 'light', workers: 3, defaultBoard: 'virtual:small', nvidiaSmiPath: null }
    })
  })

  it('that are typed stay when another window saves others', async () => {
    const client = await mounted()
    await type(view, 'Path of nvidia-smi', '/opt/nvidia-smi')
    client.emit('app.settingsChanged', { ...settings, theme: 'light' })
    await settle()
    const theme = view.the<HTMLSelectElement>('[aria-label=Theme]')
    expect(theme.selectedOptions[0]?.text.trim()).toBe('light')
    await submit(view, 'form.form')
    expect(client.calls.findLast(({ name }) => name === 'app.saveSettings')?.input).toMatchObject({
      ...{ theme: 'light', nvidiaSmiPath: '/opt/nvidia-smi' }
    })
  })

  it('offer the chosen board also where it is not there now', async () => {
    await mounted()
    const board = view.the<HTMLSelectElement>('[aria-label="Board of the guided run"]')
    expect([...board.options].map((one) => one.text.trim())).toEqual(['virtual:small'])
  })
})
