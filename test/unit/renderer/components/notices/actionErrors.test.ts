// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import { nextTick, reactive } from 'vue'
import { AppError } from '@shared/errors'
import ActionErrors from '@renderer/components/notices/ActionErrors.vue'
import { mountView } from '../../mountView'

it('shows the errors of failed actions, and clears the one that is closed', async () => {
  const failed = (message: string): { error: AppError | null } =>
    reactive({ error: new AppError('input.invalid', message, 'Do better.') })
  const [first, fine, last] = [failed('One.'), reactive({ error: null }), failed('Two.')]
  const view = mountView(ActionErrors, { actions: [first, fine, last] })
  expect(view.root.textContent).toContain('One.')
  expect(view.root.textContent).toContain('Two.')
  const close = view.root.querySelector('button')!
  close.click()
  await nextTick()
  expect(first.error).toBeNull()
  expect(last.error?.message).toBe('Two.')
  expect(view.root.textContent).not.toContain('One.')
  view.unmount()
})
