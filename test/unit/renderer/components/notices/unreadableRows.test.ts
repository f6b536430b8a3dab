// @vitest-environment happy-dom
import { afterEach, expect, it } from 'vitest'
import UnreadableRows from '@renderer/components/notices/UnreadableRows.vue'
import { createAction } from '@renderer/stores/window/action'
import { mountView, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

it('says what is wrong with the rows that cannot be read, and nothing without any', async () => {
  withClient({})
  const row = (id: string): { id: string; problem: string } => ({ id, problem: `${id} has no unit` })
  view = mountView(UnreadableRows, { nouns: ['proxy', 'proxies'], rows: [], hint: 'Fit them again.' })
  expect(view.text()).toBe('')
  await view.set({ rows: [row('p1')] })
  expect(view.text()).toContain('p1 has no unit')
  expect(view.text()).toContain('Fit them again.')
  expect(view.root.querySelectorAll('button')).toHaveLength(0)
  await view.set({ remove: createAction(async () => undefined) })
  expect(view.root.querySelectorAll('button')).toHaveLength(1)
})
