// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { parseScheme } from '@core/quant/scheme'
import type { BudgetJson, CandidateJson } from '@shared/contract/search'
import PlotCanvas from '@renderer/charts/PlotCanvas.vue'
import type { SearchSummary } from '@renderer/stores/search'
import BitLines from '@renderer/views/search/BitLines.vue'
import CandidateTable from '@renderer/views/search/CandidateTable.vue'
import FurtherBudgets from '@renderer/views/search/FurtherBudgets.vue'
import ParetoPanel from '@renderer/views/search/ParetoPanel.vue'
import PinnedLayers from '@renderer/views/search/PinnedLayers.vue'
import TraceChart from '@renderer/views/search/TraceChart.vue'
import WidthPanel from '@renderer/views/search/WidthPanel.vue'
import { sampleSearch } from '../../../../e2e/support/sampleModel'
import { chart, replaceCharts, seriesOf } from '../../chartStandIn'
import { cellsOf, choose, enabledButtons, headsOf, optionsOf, type } from '../../formFields'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

replaceCharts(PlotCanvas)

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

const { trace: _trace, ...whole } = sampleSearch
const search: SearchSummary = { ...whole, baselineCost: 200, budget: 150, best: null }
const scheme = (text: string) => parseScheme(text, ['a', 'b']).map((bits) => ({ ...bits }))
const candidate = (index: number, changes: Partial<CandidateJson> = {}): CandidateJson => ({
  ...sampleSearch.trace[0]!,
  ...{ index, phase: 'search', scheme: scheme('w8a8,w8a8'), loss: 0.1, accuracy: 0.8, expectedLoss: null },
  ...{ cost: 100, costs: [100], feasible: true, versusInt8: null, bestAccuracy: null },
  ...changes
})

describe('the trace of a search', () => {
  const label = 'Accuracy of the schemes evaluated so far'
  const points = (name: string): unknown[] => seriesOf(label).find((one) => one.name === name)!.data
  const mounted = (trace: CandidateJson[], changes: Partial<SearchSummary> = {}): number[] => {
    withClient({})
    const selected: number[] = []
    view = mountView(TraceChart, {
      ...{ search: { ...search, ...changes }, trace },
      onSelect: (index: number) => selected.push(index)
    })
    return selected
  }

  it('puts each phase at its cost as a share of int8, hollow where it is over the budget', () => {
    mounted([
      candidate(0, { phase: 'initial', cost: 50 }),
      candidate(1, { cost: 180, feasible: false, accuracy: 0.9 })
    ])
    expect(points('initial')).toMatchObject([{ value: [25, 80] }])
    expect(points('search')).toMatchObject([
      { value: [90, 90], itemStyle: { color: 'transparent', borderWidth: 1.5 } }
    ])
    expect((points('initial')[0] as { itemStyle?: object }).itemStyle).toBeUndefined()
  })

  it('shows the budget over costs, and the best so far over evaluations', async () => {
    mounted([candidate(0), candidate(1, { bestAccuracy: 0.85 })])
    const budget = seriesOf(label).at(-1) as unknown as { name: string; markLine: { data: unknown } }
    expect([budget.name, budget.markLine.data]).toEqual(['budget', [{ xAxis: 75 }]])
    view.button('By evaluation').click()
    await settle()
    expect(points('best so far')).toEqual([[2, 85]])
    expect(points('search')).toMatchObject([{ value: [1, 80] }, { value: [2, 80] }])
  })

  it('does not turn a score that is no share into percent', () => {
    mounted([candidate(0, { accuracy: 0.8 })], { metric: 'AUC' })
    expect(points('search')).toMatchObject([{ value: [50, 0.8] }])
  })

  it('selects the point that is clicked among those of its phase, and describes it', () => {
    const selected = mounted([
      candidate(0, { phase: 'initial' }),
      candidate(1),
      candidate(2, { feasible: false })
    ])
    chart(label).emit('pick', { seriesIndex: 1, dataIndex: 1 })
    chart(label).emit('pick', { seriesIndex: 1, dataIndex: 5 })
    expect(selected).toEqual([2])
    const { tooltip } = chart(label).props['option'] as {
      tooltip: { formatter(at: { data: object }): string }
    }
    const [first] = tooltip.formatter({ data: points('search')[1] as object }).split('\n')
    expect(first).toBe('#3 search, over the budget')
    expect(tooltip.formatter({ data: {} })).toBe('')
  })
})

describe('bits of the schemes', () => {
  const label = 'Bits of every layer for the evaluated schemes'
  const mounted = (trace: CandidateJson[], selected: number | null): number[] => {
    withClient({})
    const picked: number[] = []
    view = mountView(BitLines, { trace, selected, onSelect: (index: number) => picked.push(index) })
    return picked
  }

  it('leaves out schemes over the budget but for the selected one', () => {
    const over = candidate(7, { feasible: false, loss: 0.01 })
    mounted([over, candidate(0)], null)
    expect(seriesOf(label)).toHaveLength(1)
    view.unmount()
    mounted([over, candidate(0)], 7)
    expect(seriesOf(label)).toHaveLength(2)
    view.unmount()
    mounted([over], null)
    expect(view.text()).toBe('')
  })

  it('keeps the selected line where sixty others lose less', () => {
    const many = Array.from({ length: 80 }, (_, index) => candidate(index, { loss: index }))
    const picked = mounted(many, 79)
    expect(seriesOf(label)).toHaveLength(61)
    expect(view.text()).toContain('the 60 of least loss within the budget')
    chart(label).emit('pick', { seriesIndex: 60, dataIndex: 0 })
    chart(label).emit('pick', { seriesIndex: 0, dataIndex: 0 })
    expect(picked).toEqual([79, 0])
  })

  it('has a place for each width that boards compute or a line uses', () => {
    mounted([candidate(0, { scheme: scheme('w8a8,w3a1') })], 0)
    const { yAxis } = chart(label).props['option'] as {
      yAxis: { axisLabel: { formatter(value: number): string } }
    }
    expect([-1, 0, 1, 2, 3, 4, 5].map((at) => yAxis.axisLabel.formatter(at))).toEqual([
      ...['', '1', '2', '3', '4', '8', '']
    ])
    expect(seriesOf(label)[0]!.data).toEqual([4, 4, 2, 0])
  })
})

describe('the candidates', () => {
  const mounted = (trace: CandidateJson[], changes: Partial<SearchSummary> = {}) => {
    withClient({})
    const events: [string, number][] = []
    view = mountView(CandidateTable, {
      ...{ search: { ...search, ...changes }, trace, selected: null },
      onSelect: (index: number) => events.push(['select', index]),
      onDeploy: ({ index }: CandidateJson) => events.push(['deploy', index]),
      onBegin: ({ index }: CandidateJson) => events.push(['begin', index])
    })
    return events
  }
  const column = (title: string): string[] => {
    const heads = headsOf(view.root)
    const at = heads.indexOf(title)
    expect(at, heads.join()).toBeGreaterThan(0)
    return cellsOf(view.root).map((cells) => cells[at]!)
  }

  it('stand in order of the budget, the loss and the cost', () => {
    mounted([
      candidate(0, { feasible: false, loss: 0 }),
      candidate(1, { loss: 0.2 }),
      candidate(2, { cost: 90 }),
      candidate(3, { cost: 80, costs: [80] })
    ])
    expect(column('#')).toEqual(['4', '3', '2', '1'])
    expect(column('Budget')).toEqual(['within', 'within', 'within', 'over'])
    expect(column('Of int8')).toEqual(['40.0 %', '45.0 %', '50.0 %', '50.0 %'])
  })

  it('on the front are those that none beats in loss and each budgeted cost', () => {
    mounted([
      candidate(0, { loss: 0.1, costs: [100] }),
      candidate(1, { loss: 0.2, costs: [100] }),
      candidate(2, { loss: 0.3, costs: [50] })
    ])
    expect(column('Front')).toEqual(['yes', '', 'yes'])
  })

  it('show the margin against int8, and a column for each further budget with its unit', () => {
    const request = { ...search.request, alsoWithin: [{ cost: 'size' as const, ratio: 0.5 }] }
    mounted(
      [
        candidate(0, { costs: [100, 2048], versusInt8: { difference: -0.0123, margin: 0.004 } as never }),
        candidate(1, { loss: 1, costs: [100, 1024] })
      ],
      { request, otherLimits: [{ unit: 'B' } as never] }
    )
    expect(column('Against int8')).toEqual(['-1.23 ± 0.40', '–'])
    expect(column('Also size')).toHaveLength(2)
  })

  it('are selected by a click, and a chosen one is deployed or begins a search', async () => {
    const events = mounted([candidate(4), candidate(5, { loss: 1 })])
    view.root.querySelectorAll<HTMLElement>('tbody tr')[1]!.click()
    await settle()
    view.root.querySelectorAll<HTMLElement>('tbody [type=checkbox]')[0]!.click()
    await settle()
    view.button('Deploy it').click()
    view.button('Begin a search with it').click()
    expect(events).toEqual([
      ['select', 5],
      ['deploy', 4],
      ['begin', 4]
    ])
    view.root.querySelectorAll<HTMLElement>('tbody [type=checkbox]')[1]!.click()
    await settle()
    expect(enabledButtons(view)).not.toContain('Deploy it')
  })
})

describe('further budgets', () => {
  const costs = ['size', 'ram', 'bops', 'energy', 'bitfusion', 'proxy'].map((value) => ({
    value,
    text: value
  }))
  const mounted = (given: BudgetJson[]) => {
    let budgets = given
    view = mountView(FurtherBudgets, {
      ...{ costs, modelValue: budgets },
      'onUpdate:modelValue': (now: BudgetJson[]) => {
        budgets = now
        void view.set({ modelValue: now })
      }
    })
    return () => budgets
  }

  it('are added with the usual limit, changed, and taken away', async () => {
    const now = mounted([])
    expect(optionsOf(view, 'And keeps')[0]).toBe('no other budget')
    await choose(view, 'And keeps', 'size')
    expect(now()).toEqual([{ cost: 'size', ratio: 0.7 }])
    await type(view, 'Budget 2', '55')
    expect(now()).toEqual([{ cost: 'size', ratio: 0.55 }])
    await choose(view, 'And keeps (2)', 'ram')
    expect(now()).toEqual([
      { cost: 'size', ratio: 0.55 },
      { cost: 'ram', ratio: 0.7 }
    ])
  })

  it('keep their limit when another cost is chosen, and their order', async () => {
    const now = mounted([
      { cost: 'size', ratio: 0.5 },
      { cost: 'ram', ratio: 0.6 }
    ])
    const lists = [...view.root.querySelectorAll('select')]
    lists[0]!.selectedIndex = 3
    lists[0]!.dispatchEvent(new Event('change'))
    await settle()
    expect(now()).toEqual([
      { cost: 'bops', ratio: 0.5 },
      { cost: 'ram', ratio: 0.6 }
    ])
    const first = view.root.querySelector('select')!
    first.selectedIndex = 0
    first.dispatchEvent(new Event('change'))
    await settle()
    expect(now()).toEqual([{ cost: 'ram', ratio: 0.6 }])
  })

  it('are five at most', () => {
    const five = (['size', 'ram', 'bops', 'energy', 'proxy'] as const).map((cost) => ({ cost, ratio: 0.5 }))
    mounted(five)
    expect(view.root.querySelectorAll('select')).toHaveLength(5)
    view.unmount()
    mounted(five.slice(1))
    expect(view.root.querySelectorAll('select')).toHaveLength(5)
  })
})

describe('pinned layers', () => {
  const mounted = (given: object[] = []) => {
    let pins = given
    view = mountView(PinnedLayers, {
      ...{ layers: ['conv1', 'conv2', 'fc'], widths: [8, 4], modelValue: given },
      'onUpdate:modelValue': (now: object[]) => {
        pins = now
        void view.set({ modelValue: now })
      }
    })
    return () => pins
  }

  it('are added with the widest width; the first layer has no activations to pin', async () => {
    const pins = mounted()
    view.button('Pin a layer').click()
    await settle()
    view.button('Pin another layer').click()
    await settle()
    expect(pins()).toEqual([
      { layer: 'conv1', weightBits: 8, activationBits: null },
      { layer: 'conv2', weightBits: 8, activationBits: 8 }
    ])
    const activations = [...view.root.querySelectorAll<HTMLSelectElement>('[aria-label=Activations]')]
    expect(activations.map(({ disabled }) => disabled)).toEqual([true, false])
  })

  it('are offered once each, and freed by name', async () => {
    const pins = mounted([
      { layer: 'conv1', weightBits: 8, activationBits: null },
      { layer: 'conv2', weightBits: 4, activationBits: 8 },
      { layer: 'fc', weightBits: 4, activationBits: 8 }
    ])
    expect(enabledButtons(view)).toEqual(['Free conv1', 'Free conv2', 'Free fc'])
    view.button('Free conv2').click()
    await settle()
    expect(pins()).toMatchObject([{ layer: 'conv1' }, { layer: 'fc' }])
    const [first] = view.root.querySelectorAll('select')
    expect([...first!.options].map((one) => one.text.trim())).toEqual(['conv1', 'conv2'])
  })

  it('lose their activations when moved to the first layer', async () => {
    const pins = mounted([{ layer: 'fc', weightBits: 4, activationBits: 4 }])
    const [layer] = view.root.querySelectorAll('select')
    layer!.selectedIndex = 0
    layer!.dispatchEvent(new Event('change'))
    await settle()
    expect(pins()).toEqual([{ layer: 'conv1', weightBits: 4, activationBits: null }])
  })
})

describe('the Pareto front', () => {
  const label = 'Pareto front of the schemes'
  const mounted = async (trace: CandidateJson[], changes: Partial<SearchSummary> = {}) => {
    const client = withClient({ 'search.cost': ({ cost }) => ({ cost: cost === 'size' ? 64 : 32 }) as never })
    const selected: number[] = []
    view = mountView(ParetoPanel, {
      ...{ search: { ...search, ...changes }, trace, selected: null },
      onSelect: (index: number) => selected.push(index)
    })
    await settle()
    return { client, selected }
  }
  const names = (which: 'front' | 'beaten'): number[] =>
    (seriesOf(label).find(({ name }) => name === which)!.data as { candidate: CandidateJson }[]).map(
      ({ candidate: { index } }) => index
    )

  it('divides the schemes over the chosen axes, and counts those that none beats', async () => {
    const { selected } = await mounted([
      candidate(0, { accuracy: 0.9, costs: [100] }),
      candidate(1, { accuracy: 0.8, costs: [120] }),
      candidate(2, { accuracy: 0.7, costs: [50] })
    ])
    expect([names('front'), names('beaten')]).toEqual([[0, 2], [1]])
    expect(view.text()).toContain('2 of 3 schemes are beaten by none')
    chart(label).emit('pick', { seriesIndex: 1, dataIndex: 0 })
    chart(label).emit('pick', { seriesIndex: 0, dataIndex: 1 })
    expect(selected).toEqual([1, 2])
  })

  it('reads costs that the search did not budget, and offers the proxy only where there is one', async () => {
    const { client } = await mounted([candidate(0)])
    await choose(view, 'Across', 'weight size, bytes')
    await settle()
    expect(client.calls.at(-1)).toMatchObject({ name: 'search.cost', input: { cost: 'size' } })
    view.unmount()
    const request = { ...search.request, cost: 'size' as const, proxyId: null }
    await mounted([candidate(0)], { request })
    expect(optionsOf(view, 'Across')).not.toContain('latency by the proxy')
  })

  it('names the score of the task, in percent only where it is a share', async () => {
    await mounted([candidate(0, { accuracy: 0.9 })], { metric: 'AUC' })
    const { yAxis } = chart(label).props['option'] as { yAxis: { name: string } }
    expect(yAxis.name).toBe('AUC')
    expect(seriesOf(label)[0]!.data).toMatchObject([{ value: [100, 0.9] }])
    expect(optionsOf(view, 'Up')[0]).toBe('AUC')
    view.unmount()
    await mounted([candidate(0, { accuracy: 0.9 })], { metric: 'agreement' })
    expect(optionsOf(view, 'Up')[0]).toBe('agreement, %')
    expect(seriesOf(label)[0]!.data).toMatchObject([{ value: [100, 90] }])
  })

  it('names the unit of the latency that the search budgets', async () => {
    await mounted([candidate(0)])
    const { xAxis } = chart(label).props['option'] as { xAxis: { name: string } }
    expect(xAxis.name).toBe('latency by the proxy, cycles')
  })
})

it('what each width loses and saves is in order, and says which saves nothing', () => {
  withClient({})
  view = mountView(WidthPanel, {
    trace: [
      candidate(0, { loss: 0, cost: 200 }),
      candidate(1, { loss: 0.1, cost: 150, scheme: scheme('w8a8,w4a8') }),
      candidate(2, { loss: 0.02, cost: 210, scheme: scheme('w8a8,w8a2') })
    ]
  })
  expect(cellsOf(view.root)).toEqual([
    ['b', 'weight 4 bit', '0.1000', '25.0 %', '0.00400'],
    ['b', 'activation 2 bit', '0.0200', '-5.0 %', 'saves nothing']
  ])
  expect(view.text()).toContain('probes: one width lowered, all else at 8 bits')
})
