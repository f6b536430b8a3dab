// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Run } from '@shared/contract/run'
import CurveChart from '@renderer/charts/CurveChart.vue'
import type { MemoryHandlers } from '@renderer/client/memoryClient'
import { useComparison } from '@renderer/stores/comparison'
import CompareButton from '@renderer/views/compare/CompareButton.vue'
import CompareView from '@renderer/views/CompareView.vue'
import { sampleRuns } from '../../../../e2e/support/sampleRuns'
import { sampleHandlers } from '../../../../e2e/support/sampleServices'
import { replaceCharts } from '../../chartStandIn'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

replaceCharts(CurveChart)

let view: Mounted<Record<string, unknown>>
beforeEach(() => sessionStorage.clear())
afterEach(() => view.unmount())

const search = sampleRuns.find(({ kind }) => kind === 'search')!
const searches: Run[] = ['a', 'b'].map((id) => ({ ...search, id, state: 'done', title: `search ${id}` }))
const shown = async (runs: Run[], more: MemoryHandlers = {}) => {
  const client = withClient({
    ...(sampleHandlers as MemoryHandlers),
    'run.list': () => ({ runs }),
    'profile.summary': () => ({ groups: [] }),
    'shared.runs': () => ({ runs: [], total: 0 }),
    ...more
  })
  view = mountView(CompareView, {})
  await settle()
  return client
}
const compared = (client: { calls: { name: string; input: unknown }[] }): unknown =>
  client.calls.findLast(({ name }) => name === 'run.compare')?.input

describe('the page Compare', () => {
  it('says what can be compared where there is no run', async () => {
    await shown([])
    expect(view.text()).toContain('Nothing to compare')
  })

  it('asks for another run of the kind of the first one', async () => {
    await shown([...searches, ...sampleRuns.filter(({ kind }) => kind === 'deployment')])
    useComparison().choose(['a'])
    await settle()
    expect(view.text()).toContain('Choose another search below.')
    expect(view.text()).toContain('Add another search')
    expect(useComparison().offered.map(({ id }) => id)).toEqual(['b'])
  })

  it('names what no run has a value of in a sentence, not in lines of dashes', async () => {
    const nothing = { unit: 'cycles', how: 'ratio' as const, values: [null, null], against: [null, null] }
    const names = ['matmul w8a8', 'conv2d w4a4']
    await shown(searches, {
      'run.compare': () => ({
        ...{
          kind: 'search',
          runs: searches.map(({ id, title, startedAtMs }) => ({ id, title, startedAtMs }))
        },
        ...{ notes: ['They measured no shape in common.'], rows: [], curves: [] },
        figures: names.map((name) => ({ ...nothing, name }))
      })
    })
    useComparison().choose(['a', 'b'])
    await settle()
    expect(view.text()).toContain('They measured no shape in common.')
    expect(view.text()).toContain('Without values to compare: matmul w8a8, conv2d w4a4')
    expect(view.text()).not.toContain('Figures')
  })

  it('compares with the run that is made the first, and without one that is left out', async () => {
    const client = await shown(searches)
    useComparison().choose(['a', 'b'])
    await settle()
    expect(compared(client)).toEqual({ ids: ['a', 'b'] })
    view.button('Compare with this one').click()
    await settle()
    expect(compared(client)).toEqual({ ids: ['b', 'a'] })
    view.the('[aria-label^="Leave out B, "]').click()
    await settle()
    expect(useComparison().ids).toEqual(['b'])
    view.button('Begin again').click()
    await settle()
    expect(view.text()).toContain('Choose runs of one kind')
  })
})

describe('a button to compare', () => {
  it.each([
    [1, 'Compare with…', false],
    [8, 'Compare', false],
    [9, 'Compare', true]
  ])('with %i runs says %s; refused: %s', (count, text, refused) => {
    withClient({})
    view = mountView(CompareButton, { ids: Array.from({ length: count }, (_, at) => `${at}`) })
    expect(view.button(text).disabled).toBe(refused)
    expect(view.button(text).title).toBe(refused ? 'At most 8 runs stand side by side' : '')
  })
})
