// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import CurveChart from '@renderer/charts/CurveChart.vue'
import PlotCanvas from '@renderer/charts/PlotCanvas.vue'
import StreamChart from '@renderer/charts/StreamChart.vue'
import { useBoards } from '@renderer/stores/board'
import { useNavigation } from '@renderer/stores/window/navigation'
import BoardsView from '@renderer/views/BoardsView.vue'
import DeployView from '@renderer/views/DeployView.vue'
import EstimatorView from '@renderer/views/EstimatorView.vue'
import GpuView from '@renderer/views/GpuView.vue'
import LmView from '@renderer/views/LmView.vue'
import ModelView from '@renderer/views/ModelView.vue'
import ProxyView from '@renderer/views/ProxyView.vue'
import WorkersView from '@renderer/views/WorkersView.vue'
import WorkloadView from '@renderer/views/WorkloadView.vue'
import type { MemoryHandlers } from '@renderer/client/memoryClient'
import { sampleBoards } from '../../../e2e/support/sampleBoards'
import { sampleGpuList } from '../../../e2e/support/sampleGpu'
import { sampleModel } from '../../../e2e/support/sampleModel'
import { sampleHandlers } from '../../../e2e/support/sampleServices'
import { sampleWorkerStatus } from '../../../e2e/support/sampleWorkers'
import { sampleWorkload } from '../../../e2e/support/sampleWorkload'
import { replaceCharts } from '../chartStandIn'
import { optionsOf, tileOf, type } from '../formFields'
import { mountView, settle, type Mounted } from '../mountView'
import { withClient } from '../stores/withClient'

replaceCharts(CurveChart, PlotCanvas, StreamChart)

let view: Mounted<Record<string, unknown>>
afterEach(() => {
  view.unmount()
  vi.useRealTimers()
})

const handlers = sampleHandlers as MemoryHandlers
const { dataSet } = sampleHandlers['model.list']!({})
const boards = sampleBoards.map((board) => ({ ...board, state: 'available' as const }))

/** Mounts a page over the sample's replies, some of them replaced, once its stores have loaded. */
async function shown(page: Parameters<typeof mountView>[0], changes: MemoryHandlers = {}) {
  const client = withClient({ ...handlers, ...changes })
  await useBoards().load.run()
  view = mountView(page, {})
  for (let turn = 0; turn < 5; turn++) await settle()
  return client
}
const titles = (): string[] => [...view.root.querySelectorAll('h2')].map((one) => one.textContent ?? '')

describe('the page Deploy', () => {
  it('asks for a board first, then for a model, then for a scheme', async () => {
    await shown(DeployView, {
      'board.list': () => ({ boards }),
      'model.list': () => ({ models: [], dataSet })
    })
    expect(view.text()).toContain('No board is connected')
    expect(view.text()).not.toContain('No model is open')
    view.unmount()
    await shown(DeployView, {
      'model.list': () => ({ models: [], dataSet }),
      'deploy.list': () => ({ deployments: [] })
    })
    expect(view.text()).toContain('No model is open')
    expect(view.text()).toContain('Nothing was deployed yet')
    view.button('Open a model').click()
    expect(useNavigation().page.id).toBe('model')
  })
})

describe('the page Language', () => {
  it('sends to the boards without one, and has the form with one', async () => {
    await shown(LmView, { 'board.list': () => ({ boards }) })
    view.button('Connect a board').click()
    expect(useNavigation().page.id).toBe('boards')
    view.unmount()
    await shown(LmView)
    expect(view.text()).not.toContain('No board is connected')
  })
})

describe('the page Workers', () => {
  const { workers } = sampleWorkerStatus
  it('counts what waits, runs and ended only while a server is there', async () => {
    await shown(WorkersView, { 'worker.status': () => sampleWorkerStatus })
    const sum = workers.reduce((total, { done }) => total + done, 0)
    expect(tileOf(view, 'Finished')).toBe(`Finished ${sum} by the workers below`)
    view.unmount()
    await shown(WorkersView, { 'worker.status': () => ({ ...sampleWorkerStatus, state: 'off' }) })
    expect(tileOf(view, 'Finished')).toBeUndefined()
  })

  it('looks again every three seconds, and not without a server', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const looks = (client: { calls: { name: string }[] }): number =>
      client.calls.filter(({ name }) => name === 'worker.status').length
    const on = await shown(WorkersView, { 'worker.status': () => sampleWorkerStatus })
    const first = looks(on)
    vi.advanceTimersByTime(3_000)
    await settle()
    expect(looks(on)).toBe(first + 1)
    view.unmount()
    const off = await shown(WorkersView, { 'worker.status': () => ({ ...sampleWorkerStatus, state: 'off' }) })
    const before = looks(off)
    vi.advanceTimersByTime(9_000)
    await settle()
    expect(looks(off)).toBe(before)
  })
})

describe('the page Estimators', () => {
  it('offers the example while nothing is trained, and not where the list failed', async () => {
    await shown(EstimatorView, { 'estimator.list': () => ({ estimators: [] }) })
    expect(view.text()).toContain('No estimator has been trained')
    view.unmount()
    await shown(EstimatorView, { 'estimator.list': () => Promise.reject(new Error('disk')) })
    expect(view.text()).toContain('disk')
    expect(view.text()).not.toContain('No estimator has been trained')
  })
})

describe('the page GPU', () => {
  it('says what is missing and offers sampling only where a GPU can be read', async () => {
    const missing = { ...sampleGpuList, state: 'noDriver' as const, message: 'no driver', hint: 'install it' }
    await shown(GpuView, { 'gpu.list': () => missing })
    expect(view.text()).toContain('no driver')
    expect(view.text()).not.toContain('Start sampling')
    view.unmount()
    await shown(GpuView, { 'gpu.list': () => sampleGpuList })
    expect(view.text()).toMatch(/Start sampling|Stop sampling/)
    expect(view.text()).not.toContain('no driver')
  })
})

describe('the page Proxies', () => {
  it('opens the newest proxy, and says what to fit where there are no samples', async () => {
    const client = await shown(ProxyView)
    const { proxies } = await client.call('proxy.list', {})
    const newest = proxies.reduce((a, b) => (b.createdAtMs > a.createdAtMs ? b : a))
    expect(client.calls.find(({ name }) => name === 'proxy.detail')?.input).toMatchObject({ id: newest.id })
    view.unmount()
    await shown(ProxyView, { 'proxy.samples': () => ({ sets: [] }) })
    expect(view.text()).toContain('There are no samples to fit')
  })
})

describe('the page Workloads', () => {
  const of = (changes: Partial<typeof sampleWorkload>): MemoryHandlers => {
    const run = { ...sampleWorkload, ...changes }
    return { 'workload.list': () => ({ runs: [run] }), 'workload.get': () => ({ run }) }
  }
  it('counts the steps done and gives the reason of each that is not', async () => {
    const steps = sampleWorkload.steps.map((step, at) => ({
      ...step,
      ...{ state: at === 0 ? ('skipped' as const) : ('done' as const), reason: at === 0 ? 'no room' : null }
    }))
    await shown(WorkloadView, of({ steps }))
    expect(tileOf(view, 'Steps done')).toContain(`${steps.length - 1} of ${steps.length}`)
    expect(view.text()).toContain(`${steps[0]!.id} skipped: no room`)
  })

  it('has power unavailable where no GPU was read', async () => {
    await shown(WorkloadView, of({ power: null }))
    expect(tileOf(view, 'Power')).toBe('Power unavailable not on an NVIDIA GPU: the tables carry time')
  })

  const press = async (text: string): Promise<void> => {
    useNavigation().open('workload')
    view.button(text).click()
    for (let turn = 0; turn < 5; turn++) await settle()
  }

  it('opens the recording of a run on the page of GPUs', async () => {
    const client = await shown(WorkloadView, of({ recordingIds: ['rec1', 'rec2'] }))
    await press('Recording 2')
    expect(client.calls.filter(({ name }) => name === 'gpu.recording').map(({ input }) => input)).toEqual([
      { id: 'rec2' }
    ])
    expect(useNavigation().page.id).toBe('gpu')
  })

  it('stays, with the reason, where the recording cannot be read', async () => {
    const failing = { 'gpu.recording': () => Promise.reject(new Error('the recording was deleted')) }
    await shown(WorkloadView, { ...of({ recordingIds: ['rec1'] }), ...failing })
    await press('Open the recording')
    expect(view.text()).toContain('the recording was deleted')
    expect(useNavigation().page.id).toBe('workload')
  })

  it('offers no recording while it runs', async () => {
    await shown(WorkloadView, of({ recordingIds: ['rec1'], state: 'running' }))
    expect(view.text()).toContain('Steps done')
    expect(view.text()).not.toContain('Open the recording')
  })
})

describe('the page Model', () => {
  it('lists of a network of one’s own what is known, and of a shipped one its training too', async () => {
    const names = (): string[] => [...view.root.querySelectorAll('dt')].map((one) => one.textContent ?? '')
    const opened = (changes: Partial<typeof sampleModel>): MemoryHandlers => ({
      'model.list': () => ({ models: [{ ...sampleModel, ...changes }], dataSet }),
      'model.info': () => ({ model: { ...sampleModel, ...changes } })
    })
    await shown(ModelView, opened({ card: null, shipped: false }))
    expect(titles()).toContain(sampleModel.name)
    expect(view.text()).toContain('your own')
    expect(names()).not.toContain('Recipe')
  })

  it('opens the form for a path, which cannot be sent empty', async () => {
    await shown(ModelView)
    view.button('Open a network').click()
    await settle()
    expect(view.button('Open').disabled).toBe(true)
    await type(view, 'Network (ONNX', ' ~/net.onnx ')
    expect(view.button('Open').disabled).toBe(false)
  })
})

describe('the page Boards', () => {
  const port = (id: string, changes: object = {}) => ({ ...sampleBoards[0]!, id, ...changes })
  it('adds a port by its path, without the spaces around it', async () => {
    const client = await shown(BoardsView, { 'board.save': ({ id }) => ({ board: port(id) }) })
    view.button('Add a port').click()
    await settle()
    expect(view.button('Add').disabled).toBe(true)
    await type(view, 'Device path', ' /dev/ttyUSB7 ')
    view.button('Add').click()
    view.the('form.add').dispatchEvent(new Event('submit', { cancelable: true }))
    await settle()
    expect(client.calls.find(({ name }) => name === 'board.save')?.input).toMatchObject({
      id: '/dev/ttyUSB7'
    })
  })
})

it('a list of runs or models is offered only where there is one', async () => {
  await shown(DeployView)
  expect(optionsOf(view, 'Deployment')).toHaveLength(1)
})
