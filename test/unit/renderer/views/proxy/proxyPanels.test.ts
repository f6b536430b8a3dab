// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import type { Job } from '@shared/contract/job'
import type { NetworkCalibration } from '@shared/contract/proxy/proxyCalibration'
import type { ProxySummary } from '@shared/contract/proxy'
import { useBoards } from '@renderer/stores/board'
import { useCalibrations } from '@renderer/stores/calibration'
import { useComparison } from '@renderer/stores/comparison'
import { useProxies } from '@renderer/stores/proxy'
import { undoMs } from '@renderer/stores/window/removal'
import CalibrationPanel from '@renderer/views/proxy/CalibrationPanel.vue'
import FitForm from '@renderer/views/proxy/FitForm.vue'
import ProxyList from '@renderer/views/proxy/ProxyList.vue'
import { sampleCalibration } from '../../../../e2e/support/sampleAdaptive'
import { sampleBoards } from '../../../../e2e/support/sampleBoards'
import { sampleProxyDetail, sampleSets } from '../../../../e2e/support/sampleProxies'
import { submit } from '../../formFields'
import { mountView, settle, wordsOf, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

const { proxy } = sampleProxyDetail
const endedJob: Job = {
  id: 'j1',
  kind: 'proxy.fit',
  title: 'Fit',
  state: 'done',
  done: 1,
  total: 1,
  unit: 'fits',
  ratePerSecond: null,
  remainingMs: null,
  note: '',
  startedAtMs: 1,
  finishedAtMs: 2,
  resumable: false,
  error: null
}
let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

describe('the list of proxies', () => {
  it('stands with the newest first, each with its error on unseen shapes before the random one', async () => {
    withClient({})
    view = mountView(ProxyList, {})
    expect(wordsOf(view.root)).toContain('Nothing is fitted yet')
    useProxies().proxies = [
      { ...proxy, id: 'old', title: 'Old board', createdAtMs: 1 },
      { ...proxy, id: 'new', title: 'New board', createdAtMs: 2, unseenShapeMape: null }
    ]
    await nextTick()
    const cells = [...view.root.querySelectorAll('tbody tr')].map((row) =>
      [...row.querySelectorAll('td')].slice(1).map((cell) => wordsOf(cell))
    )
    expect(cells).toEqual([
      ['New board conv2d, residual, random 2.10 %, 512 rows', '–', 'pinned'],
      ['Old board conv2d, residual, random 2.10 %, 512 rows', '4.40 %', 'pinned']
    ])
  })

  it('opens a row, pins it for Search, and compares several', async () => {
    const client = withClient({ 'proxy.detail': () => sampleProxyDetail })
    view = mountView(ProxyList, {})
    useProxies().proxies = [
      { ...proxy, pinned: false, createdAtMs: 2 },
      { ...proxy, id: 'p2', pinned: true, createdAtMs: 1 }
    ]
    await nextTick()
    const rows = view.root.querySelectorAll<HTMLElement>('tbody tr')
    rows[0]?.click()
    await settle()
    expect(client.calls.at(-1)).toMatchObject({ name: 'proxy.detail', input: { id: 'p1' } })
    view.button('Pin for Search').click()
    expect(client.calls.at(-1)).toMatchObject({ name: 'proxy.pin', input: { id: 'p1', pinned: true } })
    const boxes = view.root.querySelectorAll<HTMLInputElement>('tbody [type=checkbox]')
    boxes[1]?.dispatchEvent(new Event('change'))
    await nextTick()
    view.button('Unpin from Search').click()
    expect(client.calls.at(-1)).toMatchObject({ name: 'proxy.pin', input: { id: 'p2', pinned: false } })
    boxes[0]?.dispatchEvent(new Event('change'))
    await nextTick()
    view.button('Compare').click()
    expect(useComparison().ids).toEqual(['p1', 'p2'])
  })
})

describe('the form of a fit', () => {
  const fits = async (fitted: ProxySummary, known: ProxySummary[]): Promise<string[]> => {
    const client = withClient({
      'proxy.fit': () => {
        client.emit('proxy.fitted', { jobId: 'j1', proxy: fitted })
        client.emit('job.changed', { ...endedJob, id: 'j1' })
        return { jobId: 'j1' }
      },
      'proxy.list': () => ({ proxies: known, unreadable: [] })
    })
    useProxies()
    view = mountView(FitForm, { set: sampleSets[0]! })
    await submit(view)
    for (let turn = 0; turn < 5; turn++) await settle()
    return client.calls.map(({ name }) => name)
  }

  it('shows what will be fitted', async () => {
    await fits({ ...proxy, pinned: false }, [])
    expect(wordsOf(view.root)).toContain('512 rows of 32 shapes, in cycles')
  })

  it('fits the energy of a board where that set was chosen', async () => {
    const client = withClient({ 'proxy.fit': () => ({ jobId: 'j1' }) })
    const source = { kind: 'board' as const, boardId: 'virtual:small', quantity: 'energy' as const }
    view = mountView(FitForm, { set: { ...sampleSets[0]!, source, unit: 'nJ' } })
    expect(wordsOf(view.root)).toContain('in nJ')
    await submit(view)
    await settle()
    expect(client.calls.at(-1)).toMatchObject({ name: 'proxy.fit', input: { source, kernel: 'conv2d' } })
  })

  it('pins the first proxy of a kernel of a board, and no later one', async () => {
    const fitted = { ...proxy, id: 'p2', pinned: false }
    expect(await fits(fitted, [])).toContain('proxy.pin')
    view.unmount()
    expect(await fits(fitted, [{ ...proxy, pinned: true }])).not.toContain('proxy.pin')
    view.unmount()
    // Energy is another quantity: its first proxy is pinned beside that of latency.
    expect(await fits({ ...fitted, unit: 'nJ' }, [{ ...proxy, pinned: true }])).toContain('proxy.pin')
    view.unmount()
    const pinnedEnergy = { ...proxy, unit: 'nJ' as const, pinned: true }
    expect(await fits({ ...fitted, unit: 'nJ' }, [pinnedEnergy])).not.toContain('proxy.pin')
    view.unmount()
    expect(await fits({ ...fitted, boardId: null }, [])).not.toContain('proxy.pin')
  })
})

describe('calibrations of whole networks', () => {
  const shown = async (changes: Partial<NetworkCalibration>): Promise<string> => {
    withClient({})
    view = mountView(CalibrationPanel, {})
    await settle()
    useCalibrations().calibrations = [{ ...sampleCalibration, ...changes }]
    await nextTick()
    return wordsOf(view.root)
  }

  it('show how far each prediction was off, and the line of the correction', async () => {
    const text = await shown({})
    // (1.41 - 1.48) / 1.48 = -4.7 %, (3.26 - 3.35) / 3.35 = -2.7 %
    expect(text).toMatch(/1 bit 1\.48 .*\(-4\.7 %\)/)
    expect(text).toMatch(/8 bit 3\.35 .*\(-2\.7 %\)/)
    expect(text).toMatch(/× 1\.011 \+ 54\.8/)
  })

  it('write a negative constant with its own sign', async () => {
    expect(await shown({ line: { factor: 0.95, constant: -1200 } })).toMatch(/× 0\.950 − 1\.2/)
  })

  it('show what no proxy predicts as unavailable', async () => {
    const text = await shown({ line: null, fewest: { ...sampleCalibration.fewest, predicted: null } })
    expect(text).toContain('no proxy predicts this network yet')
    expect(text).toMatch(/simulated –/)
  })

  it('are forgotten whole, whichever of their runs are marked', async () => {
    const client = withClient({})
    view = mountView(CalibrationPanel, {})
    await settle()
    useCalibrations().calibrations = [
      sampleCalibration,
      { ...sampleCalibration, boardId: 'b2', boardName: 'Other board' }
    ]
    await nextTick()
    const rows = view.root.querySelectorAll<HTMLElement>('tbody tr')
    expect(rows).toHaveLength(4)
    rows[3]?.click()
    await nextTick()
    view.button('Forget').click()
    await nextTick()
    expect(view.text()).toContain('Forget the calibration of lenet5-fashion on Other board?')
    const boxes = view.root.querySelectorAll<HTMLInputElement>('tbody [type=checkbox]')
    for (const at of [0, 1, 2]) boxes[at]?.dispatchEvent(new Event('change'))
    await nextTick()
    view.button('Forget').click()
    await nextTick()
    expect(view.text()).toContain('Forget 2 calibrations?')
    vi.useFakeTimers()
    try {
      view.the('[role=alertdialog]').querySelector('button')?.click()
      await vi.advanceTimersByTimeAsync(undoMs)
    } finally {
      vi.useRealTimers()
    }
    const forgotten = client.calls.filter(({ name }) => name === 'proxy.forgetCalibration')
    expect(forgotten.map(({ input }) => input)).toEqual([
      { boardId: 'virtual:small', modelId: 'm1' },
      { boardId: 'b2', modelId: 'm1' }
    ])
  })

  it('can be measured only with a board and a network', async () => {
    const client = withClient({})
    useBoards()
    view = mountView(CalibrationPanel, {})
    await settle()
    client.emit('board.changed', sampleBoards[0]!)
    await nextTick()
    expect(wordsOf(view.root)).toContain('No network was calibrated yet')
    expect(wordsOf(view.root)).not.toContain('Measure')
  })
})
