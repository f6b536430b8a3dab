// @vitest-environment happy-dom
import { afterEach, expect, it } from 'vitest'
import type { SessionImport } from '@shared/contract/session'
import { AppError } from '@shared/errors'
import ExampleButton from '@renderer/components/buttons/ExampleButton.vue'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

const example = { name: 'search', title: 'A finished search', kinds: ['search' as const], sizeBytes: 9 }
let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

async function mounted(name: string, openExample: () => SessionImport): Promise<string[]> {
  const opened: string[] = []
  withClient({ 'session.examples': () => ({ examples: [example] }), 'session.openExample': openExample })
  view = mountView(ExampleButton, { name, kind: 'search', onOpened: (id: string) => opened.push(id) })
  await settle()
  return opened
}

it('adds the example and opens its first run of the kind that the page shows', async () => {
  const opened = await mounted('search', () => ({
    runs: [
      { id: 'c1', kind: 'campaign', title: 'Profile', state: 'added' },
      { id: 's1', kind: 'search', title: 'Search', state: 'alreadyHere' },
      { id: 's2', kind: 'search', title: 'Search again', state: 'added' }
    ],
    models: [],
    notes: []
  }))
  expect(view.button('Open the example').title).toBe('A finished search')
  view.button('Open the example').click()
  await settle()
  expect(opened).toEqual(['s1'])
})

it('shows the error of an example that cannot be read, and opens nothing', async () => {
  const opened = await mounted('search', () => {
    throw new AppError('session.invalid', 'The example is damaged.', 'Install Bitbench again.')
  })
  view.button('Open the example').click()
  await settle()
  expect(view.text()).toContain('The example is damaged.')
  expect(opened).toEqual([])
})

it('shows nothing where no such example ships', async () => {
  await mounted('compare', () => ({ runs: [], models: [], notes: [] }))
  expect(view.text()).toBe('')
})
