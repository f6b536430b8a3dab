// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import PushButton from '@renderer/components/buttons/PushButton.vue'
import { mountView, settle, type Mounted } from './mountView'

let view: Mounted<Record<string, unknown>> | undefined
afterEach(() => view?.unmount())

describe('a button', () => {
  it('takes no clicks while it works, and says so', async () => {
    let clicks = 0
    view = mountView(PushButton, { onClick: () => (clicks += 1), loading: false })
    const button = view.the<HTMLButtonElement>('button')
    expect(button.type).toBe('button')
    button.click()
    await view.set({ loading: true })
    button.click()
    expect(button.getAttribute('aria-busy')).toBe('true')
    expect(clicks).toBe(1)
    await view.set({ loading: false, attrType: 'submit' })
    await settle()
    expect(button.type).toBe('submit')
    expect(button.hasAttribute('aria-busy')).toBe(false)
  })
})
