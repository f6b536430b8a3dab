// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from 'vitest'
import LogPanel from '@renderer/views/settings/LogPanel.vue'
import { type } from '../../formFields'
import { mountView, settle, type Mounted } from '../../mountView'
import { withClient } from '../../stores/withClient'

let view: Mounted<Record<string, unknown>>
afterEach(() => {
  view.unmount()
  vi.restoreAllMocks()
})

const shown = async (texts: readonly string[]): Promise<void> => {
  const lines = texts.map((text, at) => ({ atMs: at, text }))
  withClient({ 'app.log': () => ({ lines }), 'app.report': () => ({ text: 'Bitbench 1' }) })
  view = mountView(LogPanel, {})
  await settle()
}
const drawn = (): string[] => [...view.root.querySelectorAll('li')].map((one) => one.textContent ?? '')

it('shows the last 200 lines, and says how many there are', async () => {
  await shown(Array.from({ length: 201 }, (_, at) => `line ${at}.`))
  expect(drawn()).toHaveLength(200)
  expect(drawn()[0]).toContain('line 1.')
  expect(view.text()).toContain('The last 200 of 201 lines.')
})

it('finds lines in either case, and tells an empty log from a search without result', async () => {
  await shown(['Job failed', 'started'])
  await type(view, 'Lines with', ' FAILED ')
  expect(drawn()).toHaveLength(1)
  expect(view.text()).not.toContain('The last 200')
  await type(view, 'Lines with', 'gone')
  expect(view.text()).toContain('No line has this.')
  view.unmount()
  await shown([])
  expect(view.text()).toContain('Nothing was logged.')
})

it('shows the report whether or not it could be copied, and says which', async () => {
  const copy = vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValueOnce(new Error('not allowed'))
  await shown([])
  view.button('Copy problem report').click()
  await settle()
  expect(view.text()).toContain('could not be copied: select it below')
  expect(view.the('pre').textContent).toBe('Bitbench 1')
  copy.mockResolvedValueOnce(undefined)
  view.button('Copy problem report').click()
  await settle()
  expect(view.text()).toContain('The report is in the clipboard.')
  expect(copy).toHaveBeenLastCalledWith('Bitbench 1')
})
