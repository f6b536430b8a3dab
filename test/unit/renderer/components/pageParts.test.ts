// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from 'vitest'
import { h } from 'vue'
import PictureFrame from '@renderer/charts/PictureFrame.vue'
import TextField from '@renderer/components/fields/TextField.vue'
import PagePanel from '@renderer/components/frame/PagePanel.vue'
import { mountView, settle, type Mounted } from '../mountView'

let view: Mounted<Record<string, unknown>>
afterEach(() => {
  view.unmount()
  vi.restoreAllMocks()
})

it('a panel has a note only where there is one, and content at its border where that is wanted', async () => {
  view = mountView(PagePanel, { title: 'Log' })
  expect(view.root.querySelector('header span')).toBeNull()
  expect(view.the('.panel-body').classList.contains('flush')).toBe(false)
  await view.set({ note: 'of this host', flush: true })
  expect(view.the('header span').textContent).toBe('of this host')
  expect(view.the('.panel-body').classList.contains('flush')).toBe(true)
})

it('a line of text gives what is typed, and may be required', () => {
  const typed: unknown[] = []
  view = mountView(TextField, {
    ...{ label: 'Name', modelValue: 'a', required: true },
    'onUpdate:modelValue': (text: unknown) => typed.push(text)
  })
  const input = view.the<HTMLInputElement>('input')
  expect([input.value, input.required, input.disabled]).toEqual(['a', true, false])
  input.value = 'ab'
  input.dispatchEvent(new Event('input'))
  expect(typed).toEqual(['ab'])
})

it('a picture is copied as its figures, and says why it could not be', async () => {
  const copy = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValueOnce(undefined)
  view = mountView(
    { render: () => h(PictureFrame, { label: 'Bits', csv: () => 'a,b' }, () => h('b', 'x')) },
    {}
  )
  const run = async (text: string): Promise<void> => {
    view.button(text).click()
    await settle()
  }
  await run('Copy as CSV')
  expect(copy).toHaveBeenCalledWith('a,b')
  copy.mockRejectedValueOnce(new Error('not allowed'))
  await run('Copy as CSV')
  expect(view.text()).toContain('not allowed')
})
