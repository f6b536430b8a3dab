// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import type { Run } from '@shared/contract/run'
import RunsView from '@renderer/views/RunsView.vue'
import { sampleRuns } from '../../../../e2e/support/sampleRuns'
import { mountView, settle, wordsOf, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

describe('the table of runs', () => {
  const boxOf = async (width: number): Promise<string> => {
    const clientWidth = Object.getOwnPropertyDescriptor(HTMLElement.prototype, 'clientWidth')
    Object.defineProperty(HTMLElement.prototype, 'clientWidth', { configurable: true, get: () => width })
    withClient({ 'run.list': () => ({ runs: sampleRuns }) })
    view = mountView(RunsView, {})
    await settle()
    if (clientWidth) Object.defineProperty(HTMLElement.prototype, 'clientWidth', clientWidth)
    else delete (HTMLElement.prototype as { clientWidth?: number }).clientWidth
    return view.the<HTMLElement>('[aria-label="Runs"].scroller').style.maxHeight
  }

  it('is as tall as the window where the chosen run stands beside it, else leaves room below', async () => {
    expect(await boxOf(2300)).toBe('')
    view.unmount()
    expect(await boxOf(800)).toBe('264px')
  })
})

describe('several marked runs', () => {
  const byId = (id: string): Run => sampleRuns.find((run) => run.id === id)!
  const mounted = async (runs: Run[]) => {
    const client = withClient({
      'run.list': () => ({ runs }),
      'run.forget': ({ id }) => ({ run: { ...runs.find((run) => run.id === id)!, forgotten: true } })
    })
    view = mountView(RunsView, {})
    await settle()
    return client
  }
  const mark = async (title: string): Promise<void> => {
    const row = [...view.root.querySelectorAll('tbody tr')].find((one) => wordsOf(one).includes(title))!
    row.querySelector<HTMLInputElement>('[type=checkbox]')!.click()
    await settle()
  }

  it('are deleted after a question, which is asked again for others', async () => {
    const client = await mounted(sampleRuns)
    await mark('Deploy lenet5_mnist')
    await mark('Profile Virtual board')
    view.button('Delete…').click()
    await settle()
    expect(view.text()).toContain('Delete 2 runs')
    await mark('conv2d on Virtual board')
    expect(view.text()).not.toContain('Delete 3 runs')
    view.button('Delete…').click()
    await settle()
    view.button('Delete 3 runs').click()
    await settle()
    const gone = client.calls.filter(({ name }) => name === 'run.forget')
    expect(gone.map(({ input }) => (input as { id: string }).id).sort()).toEqual(['a1', 'c1', 'd1'])
  })

  it('say how many of them a session file can carry', async () => {
    await mounted([{ ...byId('c1'), state: 'running' }, byId('d1'), byId('s2')])
    await mark('Deploy lenet5_mnist')
    expect(view.the('[data-test=save-marked]').textContent?.trim()).toBe('Save as a session…')
    await mark('Profile Virtual board')
    expect(view.the('[data-test=save-marked]').textContent?.trim()).toBe('Save 1 of 2 as a session…')
    expect(view.button('Delete…').disabled).toBe(true)
  })
})
