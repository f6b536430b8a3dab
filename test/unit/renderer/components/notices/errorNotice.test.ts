// @vitest-environment happy-dom
import { afterEach, expect, it } from 'vitest'
import { defineComponent, h } from 'vue'
import { AppError, type ErrorCode } from '@shared/errors'
import ErrorNotice from '@renderer/components/notices/ErrorNotice.vue'
import { createAction } from '@renderer/stores/window/action'
import { mountView } from '../../mountView'

let unmount = (): void => undefined
afterEach(() => unmount())

/** A form with a field and the notice of an action that failed. */
async function formWith(code: ErrorCode) {
  const action = createAction(async () => {
    throw new AppError(code, 'It failed.', 'Do something.')
  })
  await action.run()
  const view = mountView(
    defineComponent(
      () => () =>
        h('form', [h('input', { id: 'field' }), action.error && h(ErrorNotice, { error: action.error })])
    ),
    {}
  )
  unmount = () => view.unmount()
  const edit = (): void => {
    view.root.querySelector('#field')!.dispatchEvent(new Event('input', { bubbles: true }))
  }
  return { action, edit }
}

it('goes away when a field of its form is changed', async () => {
  const { action, edit } = await formWith('input.invalid')
  expect(action.error?.code).toBe('input.invalid')
  edit()
  expect(action.error).toBeNull()
})

it('stays where typing changes nothing about its cause', async () => {
  const { action, edit } = await formWith('host.disconnected')
  edit()
  expect(action.error?.code).toBe('host.disconnected')
})
