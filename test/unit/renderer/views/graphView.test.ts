// @vitest-environment happy-dom
import { nextTick } from 'vue'
import { afterEach, describe, expect, it } from 'vitest'
import GraphView from '@renderer/views/model/GraphView.vue'
import type { ModelNode } from '@shared/contract/model'
import { mountView, type Mounted } from '../mountView'
import { withClient } from '../stores/withClient'

const node = (name: string, inputs: string[]): ModelNode => ({
  ...{ name, op: 'Gemm', inputs, outputShape: [10], macs: 100, parameters: 110, weighted: true, relu: false }
})
let view: Mounted<Record<string, unknown>> | undefined
afterEach(() => view?.unmount())

describe('picture of a network', () => {
  it('a click chooses a layer; a drag, and one that left the frame, does not', () => {
    withClient({})
    const chosen: string[] = []
    view = mountView(GraphView as never, {
      nodes: [node('fc1', ['x']), node('fc2', ['fc1'])],
      modelValue: null,
      'onUpdate:modelValue': (name: string) => chosen.push(name)
    })
    const box = view.root.querySelector('[data-node=fc2] rect')!
    const send = (type: string, clientX: number): void => {
      box.dispatchEvent(new PointerEvent(type, { bubbles: true, clientX, clientY: 5 }))
    }
    const frame = view.the('.frame[tabindex]')
    send('pointerdown', 10)
    send('pointerup', 90)
    send('pointerdown', 10)
    frame.dispatchEvent(new PointerEvent('pointerleave'))
    send('pointerup', 90)
    expect(chosen).toEqual([])
    send('pointerdown', 10)
    send('pointerup', 11)
    expect(chosen).toEqual(['fc2'])
  })

  it('leaves the wheel to the page until it was clicked or Ctrl is held', async () => {
    withClient({})
    view = mountView(GraphView as never, { nodes: [node('fc1', ['x'])], modelValue: null })
    const frame = view.the<HTMLElement>('.frame[tabindex]')
    const scale = (): number =>
      Number(/scale\((.+)\)/.exec(view!.root.querySelector('svg > g')!.getAttribute('transform')!)![1])
    const wheel = async (init: WheelEventInit): Promise<boolean> => {
      const event = new WheelEvent('wheel', { bubbles: true, cancelable: true, deltaY: -400, ...init })
      // The event of this DOM knows neither keys nor places.
      Object.defineProperties(event, {
        ...{ ctrlKey: { value: init.ctrlKey === true }, metaKey: { value: false } },
        ...{ clientX: { value: 0 }, clientY: { value: 0 } }
      })
      frame.dispatchEvent(event)
      await nextTick()
      return event.defaultPrevented
    }
    expect([await wheel({}), scale()]).toEqual([false, 0.8])
    expect(await wheel({ ctrlKey: true, deltaY: 400 })).toBe(true)
    expect(scale()).toBeCloseTo(0.8 * Math.exp(-1), 9)
    frame.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, clientX: 1, clientY: 1 }))
    expect(await wheel({})).toBe(true)
    expect(scale()).toBeCloseTo(0.8, 9)
    frame.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))
    expect([await wheel({}), scale()]).toEqual([false, 0.8])
  })
})
