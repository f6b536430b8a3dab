// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import type { BitFusionGraph } from '@shared/contract/deploy/bitfusion'
import type { CandidateJson } from '@shared/contract/search'
import RetrainedPanel from '@renderer/views/search/RetrainedPanel.vue'
import CandidatePanel from '@renderer/views/search/CandidatePanel.vue'
import CandidateTable from '@renderer/views/search/CandidateTable.vue'
import WidthChoice from '@renderer/views/search/WidthChoice.vue'
import { sampleSearch } from '../../../../e2e/support/sampleModel'
import { mountView, type Mounted } from '../../mountView'
import { parseScheme } from '@core/quant/scheme'
import { withClient } from '../../stores/withClient'

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

describe('the chosen scheme', () => {
  const { trace, ...search } = sampleSearch
  const best = sampleSearch.best!
  const mounted = (candidate: CandidateJson | null): CandidateJson[] => {
    const deployed: CandidateJson[] = []
    withClient({})
    view = mountView(CandidatePanel, {
      ...{ search, trace, candidate },
      onDeploy: (one: CandidateJson) => deployed.push(one)
    })
    return deployed
  }
  const other = trace.find(({ index }) => index !== best.index)!

  it('is called best only where it is', () => {
    mounted(best)
    expect(view.the('h2').textContent?.trim()).toBe(`Best scheme, #${best.index + 1}`)
    view.unmount()
    mounted(other)
    expect(view.the('h2').textContent?.trim()).toBe(`Scheme #${other.index + 1}`)
  })

  it('shows its cost as a share of int8, and whether it is over the budget', () => {
    mounted({ ...best, cost: 2_100_000, feasible: true })
    expect(view.text()).toContain('50.0 % of int8.')
    view.unmount()
    mounted({ ...best, cost: 4_200_000, feasible: false })
    expect(view.text()).toContain('100.0 % of int8, over the budget.')
  })

  it('shows every cost that was budgeted, and which of them is over its budget', () => {
    withClient({})
    const request = { ...search.request, alsoWithin: [{ cost: 'size' as const, ratio: 0.5 }] }
    const otherLimits = [{ unit: 'bytes' as const, baselineCost: 8192, minimumCost: 0, budget: 4096 }]
    const several = { ...search, request, otherLimits }
    const candidate = { ...best, cost: 2_100_000, costs: [2_100_000, 6144], feasible: false }
    view = mountView(CandidatePanel, { search: several, trace, candidate })
    expect(view.text()).toContain('latency 2.1 M cycles, 50.0 % of int8;')
    expect(view.text()).toContain('weight size 6 KiB, 75.0 % of int8, over its budget.')
  })

  it('says which widths of layers that were probed together would gain most', () => {
    withClient({})
    const scheme = (text: string) => parseScheme(text, ['a', 'b', 'c']).map((bits) => ({ ...bits }))
    const probed = [
      { ...best, index: 0, scheme: scheme('w8a8,w8a8,w8a8'), cost: 200, loss: 0.01 },
      { ...best, index: 1, scheme: scheme('w2a8,w2a8,w8a8'), cost: 100, loss: 0.06 },
      { ...best, index: 2, scheme: scheme('w8a8,w8a2,w8a2'), cost: 150, loss: 0.02 }
    ]
    const candidate = { ...best, index: 3, scheme: scheme('w8a8,w4a8,w8a8'), cost: 120, loss: 0.03 }
    view = mountView(CandidatePanel, { ...{ search, trace: [...probed, candidate], candidate } })
    expect(view.text()).toContain('Raising the weights of a to b (2 layers) would gain most: 0.00100 loss')
    expect(view.text()).toContain(
      'Lowering the activations of b to c (2 layers) would be the cheapest next step'
    )
  })

  it('is saved for BitFusion where its cycles are budgeted, and nowhere else', async () => {
    mounted(best)
    expect(view.text()).not.toContain('BitFusion')
    view.unmount()
    const hardware = {
      ...{ rows: 16, columns: 32, activationSramBytes: 32_768, weightSramBytes: 65_536 },
      ...{ outputSramBytes: 16_384, dramBitsPerCycle: 128, batch: 16, outputBits: 32, minBits: 2, maxBits: 8 }
    }
    const graph: BitFusionGraph = {
      ...{ format: 'bitbench.bitfusion', version: 1, network: 'net', hardware },
      ...{ batch: 16, nodes: [], cycles: 12 }
    }
    const asked: unknown[] = []
    withClient({
      'deploy.bitfusion': (input) => {
        asked.push(input)
        return { graph, text: 'network net' }
      }
    })
    const request = { ...search.request, alsoWithin: [{ cost: 'bitfusion' as const, ratio: 0.9 }] }
    view = mountView(CandidatePanel, { search: { ...search, request }, trace, candidate: other })
    const saved: Blob[] = []
    const create = vi.spyOn(URL, 'createObjectURL').mockImplementation((blob) => {
      saved.push(blob as Blob)
      return 'blob:graph'
    })
    view.button('Save for BitFusion').click()
    await vi.waitFor(() => expect(saved).toHaveLength(1), { timeout: 30_000 })
    expect(asked).toMatchObject([{ modelId: request.modelId, scheme: other.scheme }])
    expect(JSON.parse(await saved[0]!.text())).toEqual(graph)
    view.button('As text').click()
    await vi.waitFor(() => expect(saved).toHaveLength(2), { timeout: 30_000 })
    create.mockRestore()
    expect(await saved[1]!.text()).toBe('network net\n')
  })

  it('is deployed as it is', () => {
    const deployed = mounted(other)
    view.button('Deploy it').click()
    expect(deployed).toEqual([other])
  })

  it('of a network with scales of groups is not offered to a board, and says why', () => {
    const grouped = { ...search, request: { ...search.request, method: 'grouped' as const } }
    view = mountView(CandidatePanel, { ...{ search: grouped, trace, candidate: best } })
    expect(view.button('Deploy it').disabled).toBe(true)
    expect(view.text()).toContain('scales of groups of 16, which no kernel of a board takes.')
  })

  it('says that there is none yet, and offers nothing to deploy', () => {
    mounted(null)
    expect(view.text()).toContain('No scheme within the budget has been evaluated yet.')
    expect(view.root.querySelectorAll('button')).toHaveLength(0)
  })
})

describe('candidates that are marked', () => {
  const { trace, ...search } = sampleSearch

  it('stand side by side, the first as A, until they are closed', async () => {
    withClient({})
    view = mountView(CandidateTable, { search, trace, selected: null })
    const boxes = [...view.root.querySelectorAll<HTMLInputElement>('tbody input[type=checkbox]')]
    boxes[0]!.click()
    await nextTick()
    expect(view.text()).not.toContain('Compare')
    boxes[1]!.click()
    await nextTick()
    view.button('Compare').click()
    await nextTick()
    // Least loss within the budget first.
    const [first, second] = [...trace]
      .sort((a, b) => Number(b.feasible) - Number(a.feasible) || a.loss - b.loss || a.cost - b.cost)
      .map(({ index }) => index + 1)
    expect(view.text()).toContain(`A #${first}, B #${second}; the others against A`)
    expect(view.text()).toContain('on others the scores are mostly lower')
    view.button('Close').click()
    await nextTick()
    expect(view.text()).not.toContain('side by side')
  })
})

describe('retrained candidates', () => {
  const { trace, metric, retrained } = sampleSearch
  const best = sampleSearch.best!
  const mounted = (isRetrained: boolean): CandidateJson[] => {
    const deployed: CandidateJson[] = []
    withClient({})
    const kept = { ...retrained!.kept!, isRetrained }
    view = mountView(RetrainedPanel, {
      ...{ trace, metric, retrained: { ...retrained!, kept } },
      onDeploy: (one: CandidateJson) => deployed.push(one)
    })
    return deployed
  }

  it('offers the kept network where retraining made it', () => {
    const deployed = mounted(true)
    view.button('Deploy the retrained one').click()
    expect(deployed).toEqual([best])
  })

  it('offers nothing where the fitted one was kept', () => {
    mounted(false)
    expect(view.text()).toContain('as fitted')
    expect(view.root.querySelectorAll('.aside button, header button')).toHaveLength(0)
    expect(view.text()).not.toContain('Deploy')
  })
})

describe('the choice of widths', () => {
  const boxes = (): Map<string, HTMLInputElement> =>
    new Map(
      [...view.root.querySelectorAll('label')].map((label) => [
        label.textContent!.trim(),
        label.querySelector('input')!
      ])
    )
  const mounted = (kernelsOnly: boolean, modelValue: number[]): number[][] => {
    const given: number[][] = []
    view = mountView(WidthChoice, {
      ...{ kernelsOnly, modelValue },
      'onUpdate:modelValue': (widths: number[]) => given.push(widths)
    })
    return given
  }

  it('keeps the order of the list, whatever was clicked first', () => {
    const given = mounted(false, [8, 2])
    boxes().get('4')!.dispatchEvent(new Event('change'))
    boxes().get('8')!.dispatchEvent(new Event('change'))
    expect(given.map((widths) => [...widths].sort((a, b) => a - b))).toEqual([[2, 4, 8], [2]])
    const order = [...boxes().keys()].map(Number)
    expect(given[0]).toEqual(order.filter((bits) => [2, 4, 8].includes(bits)))
  })

  it('offers widths without kernels only where no board has to run them', async () => {
    mounted(true, [8, 3])
    const three = boxes().get('3')!
    expect([three.disabled, three.checked]).toEqual([true, false])
    expect(three.closest('label')!.title).toContain('no kernels')
    expect([boxes().get('8')!.disabled, boxes().get('8')!.checked]).toEqual([false, true])
    await view.set({ kernelsOnly: false })
    expect([three.disabled, three.checked]).toEqual([false, true])
  })
})
