// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import type { Sensitivity } from '@shared/contract/model'
import { useModels } from '@renderer/stores/model'
import ObstacleList from '@renderer/views/model/ObstacleList.vue'
import SensitivityPanel from '@renderer/views/model/SensitivityPanel.vue'
import { sampleModel } from '../../../../e2e/support/sampleModel'
import { mountView, wordsOf, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

describe('sensitivity', () => {
  const row = (layer: string, bits: 1 | 2 | 4, accuracy: number): Sensitivity => ({
    ...{ layer, bits, accuracy },
    what: 'weight',
    metric: 'accuracy'
  })
  const cells = (layer: string): HTMLElement[] => {
    const head = [...view.root.querySelectorAll('tbody th')].find((one) => one.textContent === layer)!
    return [...head.parentElement!.querySelectorAll('td')]
  }

  it('has a row for every layer; what was not measured is a dash', async () => {
    withClient({})
    view = mountView(SensitivityPanel, { model: sampleModel })
    expect(wordsOf(view.root)).toContain('Not measured yet')
    useModels().sensitivities = [row('conv1', 4, 0.9), row('conv1', 1, 0.45)]
    await nextTick()
    expect(view.root.querySelectorAll('tbody tr')).toHaveLength(sampleModel.weightedLayers.length)
    expect(cells('conv1').map((cell) => cell.textContent?.trim())).toEqual([
      '90.0 %',
      '–',
      '45.0 %',
      '–',
      '–',
      '–'
    ])
    expect(cells('fc1').map((cell) => cell.textContent?.trim())).toEqual(Array.from({ length: 6 }, () => '–'))
  })

  it('is sorted by a click on a column, unknown last, and then as they came', async () => {
    withClient({})
    view = mountView(SensitivityPanel, { model: sampleModel })
    const [, second, third] = sampleModel.weightedLayers
    useModels().sensitivities = [row(third!, 2, 0.9), row(second!, 2, 0.4)]
    await nextTick()
    const order = (): (string | null)[] =>
      [...view.root.querySelectorAll('tbody th')].map(({ textContent }) => textContent)
    expect(order()).toEqual(sampleModel.weightedLayers)
    view.button('weights at 2').click()
    await nextTick()
    expect(order().slice(0, 2)).toEqual([second, third])
    expect(view.the('[aria-sort=ascending]').textContent).toContain('weights at 2')
    view.button('weights at 2 ▴').click()
    await nextTick()
    expect(order().slice(0, 2)).toEqual([third, second])
    view.button('weights at 2 ▾').click()
    await nextTick()
    expect(order()).toEqual(sampleModel.weightedLayers)
    expect(view.root.querySelector('[aria-sort=ascending], [aria-sort=descending]')).toBeNull()
  })

  it('is measured for this network', async () => {
    const client = withClient({})
    view = mountView(SensitivityPanel, { model: sampleModel })
    view.button('Measure').click()
    expect(client.calls.at(-1)?.input).toMatchObject({ modelId: 'm1' })
  })
})

describe('obstacles of a file', () => {
  const obstacle = { node: 'n1', operator: 'Loop', message: 'No loops.', hint: 'Unroll it.' }
  const mounted = (readable: boolean): void => {
    view = mountView(ObstacleList, {
      check: { readable, deployable: false, obstacles: [obstacle, { ...obstacle, node: '', operator: '' }] },
      path: '/nets/a.onnx'
    })
  }

  it('stand each with its remedy and its place in the graph', () => {
    mounted(false)
    expect(wordsOf(view.root)).toContain('This network cannot be read 2 obstacles in a.onnx')
    const [first, second] = [...view.root.querySelectorAll('li')]
    expect(wordsOf(first!)).toBe('No loops. Unroll it. Loop n1')
    expect(wordsOf(second!)).toBe('No loops. Unroll it.')
  })

  it('say whether the network could at least be read', () => {
    mounted(true)
    expect(wordsOf(view.root)).toMatch(/^Read, but not deployable/)
  })
})
