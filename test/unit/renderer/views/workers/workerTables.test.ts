// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import type { LabStatus } from '@shared/contract/lab'
import type { WorkerStatus } from '@shared/contract/worker'
import { AppError } from '@shared/errors'
import { useSearches } from '@renderer/stores/search'
import { useWorkers } from '@renderer/stores/worker'
import GpuHostsPanel from '@renderer/views/workers/GpuHostsPanel.vue'
import LeasePanel from '@renderer/views/workers/LeasePanel.vue'
import ServerPanel from '@renderer/views/workers/ServerPanel.vue'
import SpeedPanel from '@renderer/views/workers/SpeedPanel.vue'
import WorkerTable from '@renderer/views/workers/WorkerTable.vue'
import { sampleLabStatus } from '../../../../e2e/support/sampleLab'
import { sampleSearch } from '../../../../e2e/support/sampleModel'
import { sampleWorkerStatus } from '../../../../e2e/support/sampleWorkers'
import { cellsOf, enabledButtons, submit, type } from '../../formFields'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

const off: WorkerStatus = {
  ...sampleWorkerStatus,
  ...{ server: null, state: 'off', kept: false, workers: [], leases: [] }
}
const noLab: LabStatus = { ...sampleLabStatus, coordinator: null, kept: false, places: [] }

async function mounted(component: object, status: WorkerStatus, lab: LabStatus = noLab) {
  const client = withClient({
    'worker.status': () => status,
    'worker.connect': () => sampleWorkerStatus,
    'worker.disconnect': () => off,
    'lab.status': () => lab
  })
  await useWorkers().load.run()
  view = mountView(component, {})
  await settle()
  return client
}

describe('the queue server', () => {
  it('is named with a certificate authority of its own, and forgotten', async () => {
    const client = await mounted(ServerPanel, off)
    expect(view.the('[data-test=queue-state]').textContent).toContain('No queue server is named')
    expect(enabledButtons(view)).not.toContain('Connect')
    await type(view, 'Address', ' rediss://lab ')
    await submit(view)
    expect(client.calls.find(({ name }) => name === 'worker.connect')?.input).toMatchObject({
      ...{ address: 'rediss://lab', caFile: null }
    })
    expect(view.the('[data-test=queue-state]').textContent).toBe('redis://lab:6379 is connected, 3 workers.')
    view.button('Forget the server').click()
    await settle()
    expect(view.text()).not.toContain('Forget the server')
  })

  it('shows what is wrong with it instead of its state', async () => {
    const problem = new AppError('queue.unreachable', 'No route.', 'Start it.').toJSON()
    await mounted(ServerPanel, { ...sampleWorkerStatus, state: 'down', problem })
    expect(view.text()).toContain('No route.')
    expect(view.root.querySelector('[data-test=queue-state]')).toBeNull()
  })
})

describe('workers', () => {
  it.each<[string, WorkerStatus, string]>([
    ['no server', off, 'No queue server is connected'],
    [
      'a lost server',
      { ...sampleWorkerStatus, state: 'down', workers: [] },
      'The queue server is not connected'
    ],
    ['no worker', { ...sampleWorkerStatus, workers: [] }, 'bitbench worker --queue redis://lab:6379']
  ])('%s: what to do', async (_case, status, text) => {
    await mounted(WorkerTable, status)
    expect(view.text()).toContain(text)
  })

  it('of another version get no jobs, which is said with both versions; a worker that is gone is no such', async () => {
    await mounted(WorkerTable, sampleWorkerStatus)
    const states = cellsOf(view.root).map(([host, state]) => [host, state])
    expect(states).toEqual([
      ['this copy, desk 812', 'idle'],
      ['bench-a 4012', '1 of 4 busy'],
      ['bench-b 77', 'gets no jobs'],
      ['bench-c 4100', 'gone, silent for 61 s']
    ])
    const remarks = [...view.root.querySelectorAll('[data-test=mismatch]')].map((one) =>
      one.textContent?.trim()
    )
    expect(remarks).toEqual([
      'bench-b 77 gets no jobs of this copy: version 0.0.9-0d11c0ffee12, here 0.1.0-3f9c2a71be04.'
    ])
  })

  it('that are gone have no rate: their last report is of another minute', async () => {
    await mounted(WorkerTable, sampleWorkerStatus)
    expect(cellsOf(view.root).map((cells) => cells[3])).toEqual(['38', '38', '38', '–'])
  })
})

describe('boards across hosts', () => {
  it('take no room without a server and without a lab', async () => {
    await mounted(LeasePanel, off)
    expect(view.text()).toBe('')
    view.unmount()
    await mounted(LeasePanel, { ...sampleWorkerStatus, leases: [] })
    expect(view.text()).toContain('No host of this server has a board')
  })

  it('count those that are held and free, of leases and of a lab', async () => {
    await mounted(LeasePanel, sampleWorkerStatus, sampleLabStatus)
    expect(view.text()).toContain('4 boards held, 2 free')
    const rows = cellsOf(view.root)
    expect(rows.find(([name]) => name === '10.0.0.7:3333')!.slice(2)).toEqual([
      'ada on desk, process 812',
      ...['1 min 04 s', '21 s']
    ])
    expect(rows.find(([name]) => name?.includes('kria'))![2]).toContain('left behind')
    expect(rows.find(([name]) => name?.includes('arty-1'))!.slice(2)).toEqual(['free', '–', '–'])
  })
})

describe('the speed-up of searches', () => {
  const shown = (
    speeds: ({ evaluationMs: number; wallMs: number; evaluations: number } | null)[]
  ): string[][] => {
    withClient({})
    const { trace: _trace, ...search } = sampleSearch
    useSearches().searches = speeds.map((speed, at) => ({ ...search, id: `s${at}`, speed }))
    view = mountView(SpeedPanel, {})
    return cellsOf(view.root)
  }

  it('leaves out searches that computed nothing', () => {
    expect(shown([null, { evaluationMs: 1, wallMs: 1, evaluations: 0 }])).toEqual([])
    expect(view.text()).toBe('')
  })

  it('divides the time of the evaluations by the time that passed', () => {
    const rows = shown([
      { evaluationMs: 9_200, wallMs: 2_600, evaluations: 32 },
      { evaluationMs: 10, wallMs: 0, evaluations: 1 }
    ])
    expect(rows.map((cells) => cells[5])).toEqual(['3.54', '–'])
  })
})

describe('GPU hosts', () => {
  const mountedHosts = (hosts: { name: string; prefix: string[] }[], problem: string | null = null) => {
    const client = withClient({
      'remote.hosts': () => ({ hosts }) as never,
      'remote.saveHost': ({ name }) => {
        if (name === 'bad') throw new AppError('input.invalid', 'No such name.', 'Take another.')
        return { hosts } as never
      },
      'remote.check': () =>
        ({
          ...{ machine: 'gpu1', version: '0.1.0', problem, driver: '550.54', gpus: ['A100', 'A100'] },
          clock: { offsetMs: -2, uncertaintyMs: 0.5 }
        }) as never
    })
    view = mountView(GpuHostsPanel, {})
    return client
  }

  it('are added with their command split as a shell does, and the form is emptied', async () => {
    const client = mountedHosts([])
    await settle()
    expect(view.text()).toContain('None is named.')
    await type(view, 'Name', ' gpu1 ')
    expect(enabledButtons(view)).not.toContain('Add the host')
    await type(view, 'Command in front', 'ssh -J "my gate" gpu1')
    await submit(view)
    expect(client.calls.find(({ name }) => name === 'remote.saveHost')?.input).toMatchObject({
      ...{ name: 'gpu1', prefix: ['ssh', '-J', 'my gate', 'gpu1'] }
    })
    expect(view.the<HTMLInputElement>('input[placeholder=gpu1]').value).toBe('')
  })

  it('show what a check found until the host is named anew with another command', async () => {
    mountedHosts([{ name: 'gpu1', prefix: ['ssh', 'gpu1'] }])
    await settle()
    view.button('Check').click()
    await settle()
    expect(view.text()).toContain(
      'gpu1, Bitbench 0.1.0; driver 550.54: A100, A100; clock −2.0 ms (within 0.5 ms)'
    )
    await type(view, 'Name', 'gpu1')
    await type(view, 'Command in front', 'ssh other')
    await submit(view)
    expect(view.text()).not.toContain('driver 550.54')
  })

  it('show the problem of a host without a usable GPU', async () => {
    mountedHosts([{ name: 'gpu1', prefix: ['ssh', 'gpu1'] }], 'no driver')
    await settle()
    view.button('Check').click()
    await settle()
    expect(view.text()).toContain('gpu1, Bitbench 0.1.0; no driver; clock')
  })

  it('are checked several at once, each once, and what was found stands in their rows', async () => {
    const client = mountedHosts(['gpu1', 'gpu2'].map((name) => ({ name, prefix: ['ssh', name] })))
    await settle()
    expect(cellsOf(view.root).map((cells) => cells.slice(3))).toEqual([
      ['–', '–', '–', '–'],
      ['–', '–', '–', '–']
    ])
    for (const box of view.root.querySelectorAll('tbody [type=checkbox]'))
      box.dispatchEvent(new Event('change'))
    await settle()
    view.button('Check').click()
    await settle()
    expect(client.calls.filter(({ name }) => name === 'remote.check').map(({ input }) => input)).toEqual([
      { host: 'gpu1' },
      { host: 'gpu2' }
    ])
    expect(cellsOf(view.root).map((cells) => cells.slice(1))).toEqual([
      ['gpu1', 'ssh gpu1', 'gpu1', '550.54', '2 × A100', '−2.0 ms (within 0.5 ms)'],
      ['gpu2', 'ssh gpu2', 'gpu1', '550.54', '2 × A100', '−2.0 ms (within 0.5 ms)']
    ])
  })

  it('keep what was typed when they cannot be added', async () => {
    mountedHosts([])
    await settle()
    await type(view, 'Name', 'bad')
    await type(view, 'Command in front', 'ssh bad')
    await submit(view)
    expect(view.text()).toContain('No such name.')
    expect(view.the<HTMLInputElement>('input[placeholder=gpu1]').value).toBe('bad')
  })
})
