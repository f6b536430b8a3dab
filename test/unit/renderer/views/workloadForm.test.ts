// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import StartForm from '@renderer/views/workload/StartForm.vue'
import { AppError } from '@shared/errors'
import { mountView, settle, type Mounted } from '../mountView'
import { withClient } from '../stores/withClient'

let view: Mounted<Record<string, unknown>> | undefined
afterEach(() => view?.unmount())

describe('the form of a workload run', () => {
  it('says what it looks for until the check is there, then offers the first shipped network', async () => {
    let found!: (check: object) => void
    const pending = new Promise<object>((resolve) => (found = resolve))
    withClient({ 'workload.check': () => pending as never })
    view = mountView(StartForm, {})
    await settle()
    expect(view.text()).toContain('Looking for providers')
    expect(view.root.querySelector('form')).toBeNull()
    found({ checks: [], models: ['gloss-classifier', 'gloss-language'], providers: ['cpu'] })
    await settle()
    expect(view.text()).not.toContain('Looking for providers')
    expect(view.root.querySelector('select')!.value).toBe('gloss-classifier')
    expect(view.root.querySelector<HTMLButtonElement>('form button')!.disabled).toBe(false)
  })

  it('shows why the check failed, with a way to look again', async () => {
    withClient({
      'workload.check': () => {
        throw new AppError('data.missing', 'No networks are shipped.', 'Install Bitbench again.')
      }
    })
    view = mountView(StartForm, {})
    await settle()
    expect(view.text()).toContain('No networks are shipped.')
    expect(view.text()).toContain('Look again')
  })
})
