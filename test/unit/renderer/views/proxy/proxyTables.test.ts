// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ComparisonRow, ProxyDetail, SampleSet } from '@shared/contract/proxy'
import { AppError } from '@shared/errors'
import CurveChart from '@renderer/charts/CurveChart.vue'
import { useProxies } from '@renderer/stores/proxy'
import ComparisonPanel from '@renderer/views/proxy/ComparisonPanel.vue'
import FileImport from '@renderer/views/proxy/FileImport.vue'
import ImportanceBars from '@renderer/views/proxy/ImportanceBars.vue'
import PublishedPanel from '@renderer/views/proxy/PublishedPanel.vue'
import SweepPanel from '@renderer/views/proxy/SweepPanel.vue'
import TransferPanel from '@renderer/views/proxy/TransferPanel.vue'
import { sampleComparison, sampleProxyDetail, sampleSets } from '../../../../e2e/support/sampleProxies'
import { chart, replaceCharts } from '../../chartStandIn'
import { cellsOf, choose, enabledButtons, headsOf, optionsOf, submit, type } from '../../formFields'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

replaceCharts(CurveChart)

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

describe('a precision sweep', () => {
  const detail: ProxyDetail = {
    ...sampleProxyDetail,
    proxy: { ...sampleProxyDetail.proxy, kernel: 'matmul' },
    perPair: [{ weightBits: 8, activationBits: 8 } as ProxyDetail['perPair'][number]]
  }
  /** Each pair takes weight bits times activation bits. */
  const predict = ({ layers }: { layers: { weightBits: number; activationBits: number }[] }) => ({
    unit: 'cycles',
    predictions: layers.map(({ weightBits, activationBits }) => {
      const value = weightBits * activationBits
      return { value, low: 0.9 * value, high: 1.1 * value }
    })
  })

  it('takes sizes with spaces, commas or x, and shows each pair as a share of the widest', async () => {
    const client = withClient({ 'proxy.predict': predict as never })
    view = mountView(SweepPanel, { detail })
    expect(enabledButtons(view)).toEqual([])
    await type(view, 'Sizes', ' 16 x 32, 8 ')
    await submit(view)
    expect(client.calls.at(-1)).toMatchObject({ input: { id: 'p1', layers: { length: 16 } } })
    const { layers } = client.calls.at(-1)!.input as { layers: { dims: number[] }[] }
    expect(layers[0]!.dims).toEqual([16, 32, 8])
    expect(headsOf(view.the('.sweep thead'))).toEqual(['activations \\ weights', 'w8', 'w4', 'w2', 'w1'])
    expect(cellsOf(view.root)[0]).toEqual([
      ...['64 cycles 1.00 ×', '32 cycles 0.50 ×', '16 cycles 0.25 ×', '8 cycles 0.13 ×']
    ])
    expect(view.root.querySelectorAll('.unfitted')).toHaveLength(15)
    expect(view.root.querySelector('.cell')!.getAttribute('title')).toBe(
      '90 % interval 57.6 cycles to 70.4 cycles'
    )
  })

  it('lists the pairs, sorted by what they are predicted to take', async () => {
    withClient({ 'proxy.predict': predict as never })
    view = mountView(SweepPanel, { detail })
    await type(view, 'Sizes', '16, 32, 8')
    await submit(view)
    const table = view.the('.data-table')
    const head = [...table.querySelectorAll('thead button')].find((one) =>
      one.textContent!.includes('Predicted')
    ) as HTMLElement
    head.click()
    await settle()
    const rows = cellsOf(table)
    expect(rows[0]).toEqual(['1', '1', '1 cycles', '0.9 cycles', '1.1 cycles', '1.6 %', 'no'])
    expect(rows.at(-1)!.slice(0, 3)).toEqual(['8', '8', '64 cycles'])
    expect(rows.at(-1)!.at(-1)).toBe('yes')
  })

  it('says which sizes are wrong, and shows no table then', async () => {
    withClient({ 'proxy.predict': predict as never })
    view = mountView(SweepPanel, { detail })
    await type(view, 'Sizes', '16, 32')
    await submit(view)
    expect(view.root.querySelector('[role=alert]')).not.toBeNull()
    expect(view.root.querySelector('table')).toBeNull()
  })

  it('of one proxy does not stand under another one that was opened meanwhile', async () => {
    let done: (value: unknown) => void = () => undefined
    withClient({ 'proxy.predict': () => new Promise((resolve) => (done = resolve)) as never })
    view = mountView(SweepPanel, { detail })
    await type(view, 'Sizes', '16, 32, 8')
    await submit(view)
    await view.set({ detail: { ...detail, proxy: { ...detail.proxy, id: 'p2' } } })
    done({ unit: 'cycles', predictions: Array.from({ length: 16 }, () => ({ value: 1, low: 1, high: 1 })) })
    await settle()
    expect(view.root.querySelector('table')).toBeNull()
  })
})

describe('estimators compared', () => {
  const mounted = async (rows: ComparisonRow[]) => {
    const client = withClient({
      'proxy.list': () => ({ proxies: [], unreadable: [] }),
      'proxy.samples': () => ({ sets: sampleSets }),
      'proxy.comparison': () => ({ title: 'Board, conv2d', rows }),
      'proxy.compare': () => {
        throw new AppError('proxy.tooFewSamples', 'Only 3 rows.', 'Measure more.')
      }
    })
    await useProxies().load.run()
    view = mountView(ComparisonPanel, { set: sampleSets[0] })
    await settle()
    return client
  }
  const heads = (): string[] => headsOf(view.root)

  it('stand by their error on unseen shapes, and the best one is marked', async () => {
    await mounted([...sampleComparison.rows].reverse())
    expect(cellsOf(view.root).map(([name]) => name)).toEqual(
      sampleComparison.rows.map(({ estimator }) => estimator)
    )
    expect([...view.root.querySelectorAll('tr.strong')].map((one) => one.textContent)).toHaveLength(1)
    expect(cellsOf(view.root)[0]!.slice(0, 3)).toEqual(['residual', '4.40 %', '± 0.9'])
  })

  it('of a single shape stand by their random folds, and have no figure for unseen shapes', async () => {
    const rows = sampleComparison.rows.slice(0, 2).map((row, at): ComparisonRow => {
      const { random, train } = row.splits
      return { ...row, splits: { train, random: { ...random, mape: 20 - 10 * at } } }
    })
    await mounted(rows)
    expect(cellsOf(view.root).map((cells) => cells.slice(0, 3))).toEqual([
      ['physics', '–', '–'],
      ['residual', '–', '–']
    ])
    expect(heads()).not.toContain('Leave one out')
  })

  it('say why they cannot be compared', async () => {
    const client = await mounted(sampleComparison.rows)
    view.button('Compare on these samples').click()
    await settle()
    expect(client.calls.at(-1)).toMatchObject({ name: 'proxy.compare', input: { kernel: 'conv2d' } })
    expect(view.text()).toContain('Only 3 rows.')
  })
})

describe('transfer to another device', () => {
  const file = (kernel: SampleSet['kernel'], name: string): SampleSet => ({
    ...sampleSets[1]!,
    ...{ kernel, title: name, source: { kind: 'files', paths: [name] } }
  })
  const mounted = (sets: SampleSet[]) => {
    const client = withClient({
      'proxy.transfer': () => {
        throw new AppError('proxy.tooFewSamples', 'Too few.', 'Measure more.')
      }
    })
    view = mountView(TransferPanel, { sets })
    return client
  }

  it('offers other devices with the same kernel', async () => {
    const client = mounted([
      file('conv2d', 'a'),
      file('matmul', 'b'),
      file('conv2d', 'c'),
      file('conv2d', 'd')
    ])
    expect(optionsOf(view, 'New device')).toEqual(['c, conv2d', 'd, conv2d'])
    await choose(view, 'New device', 'd, conv2d')
    await submit(view)
    expect(client.calls.at(-1)).toEqual({
      name: 'proxy.transfer',
      input: {
        ...{ source: { kind: 'files', paths: ['a'] }, target: { kind: 'files', paths: ['d'] } },
        kernel: 'conv2d'
      }
    })
    await choose(view, 'Known device', 'b, matmul')
    expect(view.text()).toContain('There is no second set of this kernel')
    expect(enabledButtons(view)).not.toContain('Measure the curves')
  })

  it('offers no energy to a device that is known by its time', async () => {
    const energy = { ...file('conv2d', 'e'), unit: 'nJ' as const }
    mounted([
      file('conv2d', 'a'),
      energy,
      file('conv2d', 'c'),
      { ...file('conv2d', 'f'), unit: 'nJ' as const }
    ])
    expect(optionsOf(view, 'New device')).toEqual(['c, conv2d'])
    await choose(view, 'Known device', 'e, conv2d')
    expect(optionsOf(view, 'New device')).toEqual(['f, conv2d'])
  })

  it('takes the first device where the chosen one is gone', async () => {
    mounted([file('conv2d', 'a'), file('conv2d', 'c'), file('conv2d', 'd')])
    await view.set({ sets: [file('conv2d', 'c'), file('conv2d', 'd')] })
    expect(optionsOf(view, 'New device')).toEqual(['d, conv2d'])
  })

  it('draws unseen shapes where they were measured, or all rows, in order of samples', async () => {
    mounted([file('conv2d', 'a'), file('conv2d', 'c')])
    const point = (n: number, unseenMape: number | null) => ({
      ...{ method: 'log offset', n, seenMape: n, seenDeviation: 1, unseenMape, unseenDeviation: 2 }
    })
    useProxies().transfer = { title: 'a to c', points: [point(10, 9), point(5, null), point(2, 8)] }
    await settle()
    const label = 'Error against samples of the new device'
    const xs = (): number[] =>
      (chart(label).props['curves'] as { points: { x: number }[] }[])[0]!.points.map(({ x }) => x)
    expect(xs()).toEqual([2, 10])
    view.button('Rows seen on the source').click()
    await settle()
    expect(xs()).toEqual([2, 5, 10])
    expect(view.text()).toContain('a to c')
  })
})

describe('the published table', () => {
  const named: SampleSet = {
    ...sampleSets[1]!,
    source: { kind: 'files', paths: ['/data/mico_high_conv2d_zoo.csv'] }
  }
  const errors = (trainMape: number) => ({
    ...{ description: 'fit', trainMape, randomMape: 12.3, unseenShapeMape: 45.6 }
  })
  const row = {
    ...{ dataset: 'High, conv2d', publishedOneStage: 7.12, publishedTwoStage: 3.4 },
    ...{ oneStage: errors(1.234), publishedRule: errors(2), twoStage: errors(3) }
  }
  const mounted = async (sets: SampleSet[], rows: object[]) => {
    withClient({
      'proxy.publishedTable': () => ({ rows }) as never,
      'proxy.list': () => ({ proxies: [], unreadable: [] }),
      'proxy.samples': () => ({ sets }),
      'proxy.comparison': () => ({ title: '', rows: [] })
    })
    await useProxies().load.run()
    view = mountView(PublishedPanel, {})
    await settle()
  }

  it('is there only with a published data set, and counts them', async () => {
    await mounted([sampleSets[0]!], [])
    expect(view.text()).toBe('')
    view.unmount()
    await mounted([named], [])
    expect(view.text()).toContain('What the published errors mean')
    expect(enabledButtons(view)).toContain('Measure 1 data set')
  })

  it('has three lines per data set; only two of them were published', async () => {
    await mounted([named], [row])
    const cells = cellsOf(view.root)
    expect(cells.map((one) => one[2])).toEqual(['7.12 %', '3.40 %', '–'])
    expect(cells[0]!.slice(3)).toEqual(['1.23 %', '12.3 %', '45.6 %'])
  })
})

describe('importing samples', () => {
  it('takes paths between semicolons, and is done only when they could be read', async () => {
    let isGood = false
    const client = withClient({
      'proxy.import': () => {
        if (!isGood) throw new AppError('data.invalid', 'No column Time.', 'Add it.')
        return { set: sampleSets[1]!, warnings: [] }
      },
      'proxy.samples': () => ({ sets: sampleSets })
    })
    const done = vi.fn()
    view = mountView(FileImport, { onDone: done })
    expect(enabledButtons(view)).not.toContain('Import')
    await type(view, 'Paths', ' a.csv ; ;b.csv')
    await choose(view, 'Kernel', 'conv2d')
    await submit(view)
    expect(client.calls.find(({ name }) => name === 'proxy.import')?.input).toEqual({
      ...{ paths: ['a.csv', 'b.csv'], kernel: 'conv2d' }
    })
    expect(view.text()).toContain('No column Time.')
    expect(done).not.toHaveBeenCalled()
    isGood = true
    await submit(view)
    expect(done).toHaveBeenCalledOnce()
    await choose(view, 'Decimal mark', '1,5')
    await submit(view)
    expect(client.calls.findLast(({ name }) => name === 'proxy.import')?.input).toMatchObject({
      decimal: ','
    })
  })
})

it('importance is shown largest first, ten at most, the largest over the whole track', () => {
  const importance = Array.from({ length: 12 }, (_, at) => ({ feature: `f${at}`, share: (at + 1) / 100 }))
  view = mountView(ImportanceBars, { importance })
  const names = [...view.root.querySelectorAll('.name')].map((one) => one.textContent)
  expect(names).toEqual(['f11', 'f10', 'f9', 'f8', 'f7', 'f6', 'f5', 'f4', 'f3', 'f2'])
  const widths = [...view.root.querySelectorAll<HTMLElement>('.fill')].map(({ style }) => style.width)
  expect([widths[0], widths[9]]).toEqual(['100%', '25%'])
})
