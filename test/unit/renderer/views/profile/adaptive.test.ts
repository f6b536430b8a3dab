// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import type { AdaptiveRun } from '@shared/contract/profile/profileAdaptive'
import CurveChart from '@renderer/charts/CurveChart.vue'
import AdaptiveCurve from '@renderer/views/profile/AdaptiveCurve.vue'
import AdaptivePanel from '@renderer/views/profile/AdaptivePanel.vue'
import EnergyFields from '@renderer/views/profile/EnergyFields.vue'
import { sampleAdaptiveRun } from '../../../../e2e/support/sampleAdaptive'
import { chart, replaceCharts } from '../../chartStandIn'
import { choose, enabledButtons, tick, type } from '../../formFields'
import { mountView, settle, wordsOf, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

replaceCharts(CurveChart)

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

describe('errors of an adaptive run', () => {
  const step = { rows: 16, boardSeconds: 2, unseenShapeMape: 9, judgeMape: 4 }
  const shown = (changes: Partial<AdaptiveRun>): Record<string, string> => {
    view = mountView(AdaptiveCurve, {
      run: { ...sampleAdaptiveRun, adaptive: [step], uniform: [], ...changes }
    })
    return Object.fromEntries(
      [...view.root.querySelectorAll('dt')].map((name) => [
        name.textContent!,
        wordsOf(name.nextElementSibling!)
      ])
    )
  }
  const drawn = (): unknown => chart(view.the('figure').getAttribute('aria-label')!).props['curves']

  it('are those on the held-out shapes where there are any, else on unseen ones', () => {
    shown({ uniform: [{ ...step, boardSeconds: 3, judgeMape: null }] })
    expect(drawn()).toEqual([
      { name: 'adaptive', points: [{ x: 2, y: 4 }] },
      { name: 'by chance', points: [{ x: 3, y: 9 }] }
    ])
  })

  it('have no curve without a figure, and no row by chance where none was measured', () => {
    const facts = shown({
      adaptive: [{ ...step, unseenShapeMape: null, judgeMape: null }],
      request: { ...sampleAdaptiveRun.request, compareUniform: false },
      stopped: 'target'
    })
    expect(view.root.querySelector('figure')).toBeNull()
    expect(Object.keys(facts)).toEqual(['Adaptive', 'Pool', 'Ended because'])
    expect(facts['Ended because']).toBe('the target error was reached')
  })
})

describe('adaptive runs', () => {
  const shown = async (changes: Partial<AdaptiveRun>, isConnected = true) => {
    const client = withClient({
      'profile.adaptiveRuns': () => ({ runs: [{ ...sampleAdaptiveRun, ...changes }] })
    })
    view = mountView(AdaptivePanel, { boardId: 'virtual:small', isConnected })
    await settle()
    return client
  }

  it.each([
    ['interrupted', ['Resume', 'Forget', 'Compare with…']],
    ['done', ['Forget', 'Compare with…']]
  ] as const)('that are %s offer %j', async (state, buttons) => {
    await shown({ state }, false)
    expect(enabledButtons(view)).toEqual(buttons)
  })

  it('say why they failed, and are started with a board alone', async () => {
    await shown({ state: 'failed', error: 'the line was lost' }, false)
    expect(view.text()).toContain('the line was lost')
    expect(view.root.querySelector('form')).toBeNull()
  })
})

describe('energy of kernels', () => {
  const shown = (isVirtual: boolean): unknown[] => {
    const given: unknown[] = []
    view = mountView(EnergyFields, {
      ...{ isVirtual, modelValue: null },
      'onUpdate:modelValue': (energy: unknown) => given.push(energy)
    })
    return given
  }

  it('is measured by the simulated meter on virtual boards, without a port to type', async () => {
    const given = shown(true)
    await tick(view, 'Energy too')
    expect(given).toMatchObject([
      { meter: { port: 'virtual:ppk2', kind: 'ppk2', supplyV: 3.3 }, trials: 3, trialMs: 250 }
    ])
  })

  it('is read in the units of the lines', async () => {
    const given = shown(true)
    await tick(view, 'Energy too')
    await choose(view, 'Kind', 'lines time,current[,voltage]')
    await choose(view, 'Current in', 'µA')
    expect(given.at(-1)).toMatchObject({
      meter: { kind: 'text', units: { time: 'ms', current: 'ua', voltage: 'v' } }
    })
  })

  it('needs a port on real ones, which forget the simulated meter', async () => {
    const given = shown(false)
    await tick(view, 'Energy too')
    expect(given).toEqual([])
    await type(view, 'Port of the meter', ' /dev/ttyACM3 ')
    expect(given.at(-1)).toMatchObject({ meter: { port: '/dev/ttyACM3' } })
    view.unmount()
    const later = shown(true)
    await tick(view, 'Energy too')
    await view.set({ isVirtual: false })
    await settle()
    expect(later.at(-1)).toBeNull()
  })
})
