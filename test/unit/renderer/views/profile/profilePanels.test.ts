// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { campaignRequestSchema, type Campaign } from '@shared/contract/profile'
import { maxCompared, useComparison } from '@renderer/stores/comparison'
import { useProfile } from '@renderer/stores/profile'
import { useNavigation } from '@renderer/stores/window/navigation'
import CampaignList from '@renderer/views/profile/CampaignList.vue'
import SampleImport from '@renderer/views/profile/SampleImport.vue'
import { mountView, settle, wordsOf, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

describe('the list of campaigns', () => {
  const campaign = (id: string, changes: Partial<Campaign>): Campaign => ({
    id,
    boardId: 'virtual:small',
    boardName: 'Virtual board, small',
    state: 'done',
    done: 584,
    total: 584,
    startedAtMs: 1_790_000_000_000,
    finishedAtMs: null,
    jobId: null,
    error: null,
    request: campaignRequestSchema.parse({ boardId: 'virtual:small' }),
    ...changes
  })
  const shown = async (...campaigns: Campaign[]): Promise<void> => {
    view = mountView(CampaignList, {})
    useProfile().campaigns = campaigns
    await nextTick()
  }

  it.each([
    ['done', false],
    ['failed', true],
    ['cancelled', true],
    ['interrupted', true]
  ] as const)('a campaign that is %s can be resumed: %s', async (state, resumable) => {
    const client = withClient({})
    await shown(campaign('c1', { state, done: 12 }))
    expect(wordsOf(view.root)).toContain(`${state} 12 of 584`)
    view.the<HTMLElement>('tbody tr').click()
    await nextTick()
    const resume = [...view.root.querySelectorAll('button')].find(
      (one) => one.textContent?.trim() === 'Resume'
    )
    expect(resume !== undefined).toBe(resumable)
    resume?.click()
    expect(client.calls.map(({ name }) => name).filter((name) => name !== 'run.list')).toEqual(
      resumable ? ['profile.resume'] : []
    )
  })

  it('shows why one failed, but not while it runs again', async () => {
    withClient({})
    await shown(campaign('c1', { state: 'failed', error: 'No reply. Connect it again.' }))
    view.the<HTMLElement>('tbody tr').click()
    await nextTick()
    // In the row, where it may be cut, and in full above the table.
    expect(wordsOf(view.root).split('No reply. Connect it again.')).toHaveLength(3)
    useProfile().campaigns = [campaign('c1', { state: 'running', error: 'No reply. Connect it again.' })]
    await nextTick()
    expect(wordsOf(view.root)).not.toContain('No reply.')
  })

  it('stand in a table, all of them, and are compared from there', async () => {
    withClient({ 'run.list': () => ({ runs: [] }) as never })
    await shown(...Array.from({ length: 7 }, (_, at) => campaign(`c${at}`, {})))
    expect(view.root.querySelectorAll('tbody tr')).toHaveLength(7)
    expect(wordsOf(view.root)).toMatch(/^Campaigns 7 campaigns /)
    const boxes = view.root.querySelectorAll<HTMLInputElement>('tbody [type=checkbox]')
    for (const at of [1, 4]) boxes[at]?.dispatchEvent(new Event('change'))
    await nextTick()
    view.button('Compare').click()
    expect(useComparison().ids).toEqual(['c1', 'c4'])
    expect(useNavigation().current).toBe('compare')
  })

  it('says how many can be compared where more are marked', async () => {
    withClient({})
    await shown(...Array.from({ length: maxCompared + 1 }, (_, at) => campaign(`c${at}`, {})))
    const mark = async (at: number): Promise<void> => {
      view.root
        .querySelectorAll<HTMLInputElement>('tbody [type=checkbox]')
        [at]?.dispatchEvent(new Event('change'))
      await nextTick()
    }
    for (let at = 0; at < maxCompared; at++) await mark(at)
    expect(view.button('Compare').disabled).toBe(false)
    await mark(maxCompared)
    expect(view.button('Compare').disabled).toBe(true)
    expect(view.button('Compare').title).toBe('At most 8 runs stand side by side')
  })
})

describe('samples from a file', () => {
  const mounted = (warnings: string[]) => {
    const done: string[] = []
    const client = withClient({ 'profile.import': () => ({ rows: 3, campaignId: 'c1', warnings }) })
    view = mountView(SampleImport, { onDone: () => done.push('done') })
    return { client, done }
  }
  const fill = async (): Promise<void> => {
    const input = view.the<HTMLInputElement>('[type=file]')
    const file = new File(['N,M,K,QA,QW,Time\n'], 'small.csv')
    Object.defineProperty(input, 'files', { value: [file] })
    input.dispatchEvent(new Event('change'))
    const name = view.the<HTMLInputElement>('[placeholder=mico_small]')
    name.value = 'mico_small'
    name.dispatchEvent(new Event('input'))
    await nextTick()
  }
  const imported = async (): Promise<void> => {
    view.the('form').dispatchEvent(new Event('submit', { cancelable: true }))
    for (let turn = 0; turn < 5; turn++) await settle()
  }

  it('need a file and the name of the board', async () => {
    mounted([])
    expect(view.button('Import').disabled).toBe(true)
    await fill()
    expect(view.button('Import').disabled).toBe(false)
  })

  it('are read with the decimal mark of the file, unless one was chosen', async () => {
    const { client, done } = mounted([])
    await fill()
    await imported()
    const sent = (): unknown => client.calls.findLast(({ name }) => name === 'profile.import')?.input
    expect(sent()).toEqual({
      kernel: 'matmul',
      boardName: 'mico_small',
      unit: 'cycles',
      origin: null,
      file: { name: 'small.csv', text: 'N,M,K,QA,QW,Time\n' }
    })
    expect(done).toEqual(['done'])
    const mark = view.the<HTMLSelectElement>('[aria-label="Decimal mark"]')
    mark.selectedIndex = 2
    mark.dispatchEvent(new Event('change'))
    await imported()
    expect(sent()).toMatchObject({ decimal: ',' })
  })

  it('stay open with the remarks of the import', async () => {
    const { done } = mounted(['Row 3 looks wrong.'])
    await fill()
    await imported()
    expect(wordsOf(view.root)).toContain('Row 3 looks wrong.')
    expect(done).toEqual([])
  })
})
