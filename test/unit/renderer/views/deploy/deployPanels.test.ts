// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import type { Deployment } from '@shared/contract/deploy'
import BarPairs from '@renderer/charts/BarPairs.vue'
import DeploymentResult from '@renderer/views/deploy/DeploymentResult.vue'
import PlanPanel from '@renderer/views/deploy/PlanPanel.vue'
import { sampleDeployment, samplePlan } from '../../../../e2e/support/sampleModel'
import { replaceCharts } from '../../chartStandIn'
import { mountView, wordsOf, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

replaceCharts(BarPairs)

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())
const facts = (): Record<string, string> =>
  Object.fromEntries(
    [...view.root.querySelectorAll('dt')].map((name) => [
      name.textContent!,
      wordsOf(name.nextElementSibling!)
    ])
  )

describe('a plan', () => {
  const shown = (changes: Partial<typeof samplePlan>, unit?: 'cycles'): Record<string, string> => {
    withClient({})
    view = mountView(PlanPanel, {
      plan: { ...samplePlan, ...changes },
      title: 'Plan',
      ...(unit === undefined ? {} : { unit })
    })
    return facts()
  }

  it('compares the arena with its bound and with two buffers', () => {
    // 9800 / 8688 = 1.128
    expect(shown({})['Activation arena']).toMatch(
      /^9\.57 KiB, 12\.8 % above the least possible; two buffers in turn would take 13(\.0)? KiB$/
    )
    view.unmount()
    expect(shown({ arenaBytes: 8688, doubleBufferBytes: null })['Activation arena']).toBe(
      '8.48 KiB, the least possible'
    )
  })

  it('says whether it fits into the RAM', () => {
    expect(shown({ ramBytes: 71_790 })['Peak RAM']).toContain('(100.0 %)')
    expect(wordsOf(view.root)).toMatch(/^Plan fits/)
    view.unmount()
    shown({ ramBytes: 71_789 })
    expect(wordsOf(view.root)).toMatch(/^Plan does not fit/)
  })

  it('marks a prediction as estimated, and says when there is none', () => {
    expect(shown({}, 'cycles')['Predicted']).toMatch(/ per image estimated$/)
    view.unmount()
    expect(shown({ predicted: null }, 'cycles')['Predicted']).toBe('no proxy is pinned for this board')
    view.unmount()
    const layers = sampleDeployment.plan!.layers.map((layer, at) =>
      at === 1 ? { ...layer, predicted: null } : layer
    )
    expect(shown({ predicted: null, layers }, 'cycles')['Predicted']).toBe(
      `not every kernel of ${layers[1]!.name} has a proxy or Samples of this board`
    )
    view.unmount()
    expect(shown({})).not.toHaveProperty('Predicted')
  })
})

describe('the result of a deployment', () => {
  const tiles = (changes: Partial<Deployment>): string[] => {
    withClient({})
    view = mountView(DeploymentResult, { deployment: { ...sampleDeployment, ...changes } })
    return [...view.root.querySelectorAll('.tile')].map((tile) => wordsOf(tile))
  }

  it('is bit-exact, measured at the clock of the board', () => {
    const [outputs, accuracy, counted, predicted] = tiles({})
    expect(outputs).toBe('Outputs bit-exact 200 images, every output equal to the host’s')
    expect(accuracy).toBe('Accuracy on the board simulated 89.5 % host 89.5 %')
    // 3.14 M cycles at 50 MHz are 62.8 ms.
    expect(counted).toMatch(/^Counted simulated 3\.14 .*per image, 62\.8 ms at the board’s clock$/)
    expect(predicted).toMatch(/^Predicted estimated .*-3\.8 % off in total$/)
    expect(view.the('.good').textContent).toBe('bit-exact')
  })

  it('lists the first differences of outputs that differ', () => {
    const mismatches = [{ image: 3, output: 7, board: -12, host: 5 }]
    const [outputs] = tiles({ bitExact: false, mismatches })
    expect(outputs).toBe('Outputs different the first differences are listed below')
    expect(wordsOf(view.root)).toContain('First differences')
    expect(wordsOf(view.root)).toMatch(/3\s*7\s*-12\s*5/)
  })

  it.each([
    ['running', 'Outputs – 40 of 200 images so far'],
    ['cancelled', 'Outputs – not compared']
  ] as const)('has no verdict while %s', (state, text) => {
    const [outputs] = tiles({ state, bitExact: null, imagesDone: 40 })
    expect(outputs).toBe(text)
    expect(wordsOf(view.root)).not.toContain('First differences')
  })

  it('says what was not measured or not predicted, without an origin', () => {
    const [, accuracy, counted, predicted] = tiles({
      measured: null,
      predicted: null,
      relativeError: null,
      boardAccuracy: null
    })
    expect(accuracy).toMatch(/^Accuracy on the board – /)
    expect(counted).toBe('Counted – not measured: the core has no readable counter')
    expect(predicted).toBe('Predicted – no proxy was pinned')
  })

  it('gives no time for instructions or an unknown clock', () => {
    expect(tiles({ unit: 'instructions' })[2]).toMatch(/per image$/)
    view.unmount()
    expect(tiles({ clockHz: null })[2]).toMatch(/per image$/)
  })
})
