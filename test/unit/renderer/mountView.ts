import { createPinia, getActivePinia } from 'pinia'
import { createApp, h, nextTick, shallowReactive, type App, type Component } from 'vue'
import { expect } from 'vitest'

export interface Mounted<P> {
  root: HTMLElement
  /** Changes props as a parent would. */
  set(props: Partial<P>): Promise<void>
  /** The only element of a selector. */
  the<E extends HTMLElement>(selector: string): E
  /** The button with this text. */
  button(text: string): HTMLButtonElement
  text(): string
  unmount(): void
}

/** Mounts a component over the stores of the present test (withClient) into a DOM of happy-dom. */
export function mountView<P extends Record<string, unknown>>(component: Component, given: P): Mounted<P> {
  const props = shallowReactive({ ...given })
  const root = document.body.appendChild(document.createElement('div'))
  const app: App = createApp({ render: () => h(component, { ...props }) })
  app.use(getActivePinia() ?? createPinia()).mount(root)
  return {
    root,
    async set(changed) {
      Object.assign(props, changed)
      await nextTick()
    },
    the<E extends HTMLElement>(selector: string): E {
      const found = root.querySelectorAll<E>(selector)
      expect(found, selector).toHaveLength(1)
      return found[0]!
    },
    button(text) {
      const found = [...root.querySelectorAll('button')].filter((one) => one.textContent?.trim() === text)
      expect(found, text).toHaveLength(1)
      return found[0]!
    },
    text: () => (root.textContent ?? '').replaceAll(/\s+/g, ' ').trim(),
    unmount() {
      app.unmount()
      root.remove()
    }
  }
}

/** Text of an element with a space between the texts of its parts, as they stand apart on the screen. */
export function wordsOf(root: Element): string {
  const parts: string[] = []
  const collect = (node: Node): void => {
    if (node.nodeType === Node.TEXT_NODE) parts.push(node.textContent ?? '')
    else for (const child of node.childNodes) collect(child)
  }
  collect(root)
  return parts.join(' ').replaceAll(/\s+/g, ' ').trim()
}

/** Lets promises and renders settle. */
export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))
