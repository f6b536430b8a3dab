// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import ChoiceField from '@renderer/components/fields/ChoiceField.vue'
import FileField from '@renderer/components/fields/FileField.vue'
import { mountView, type Mounted } from '../mountView'

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

describe('a choice', () => {
  it('gives back the value of its options as they are: null, numbers, texts', async () => {
    const given: unknown[] = []
    view = mountView(ChoiceField, {
      label: 'Width',
      modelValue: null,
      options: [
        { value: null, text: 'by itself' },
        { value: 4, text: '4 bits' },
        { value: 'x', text: 'other', disabled: true }
      ],
      'onUpdate:modelValue': (value: unknown) => given.push(value)
    })
    const list = view.the<HTMLSelectElement>('select')
    expect([...list.options].map(({ selected, disabled }) => [selected, disabled])).toEqual([
      [true, false],
      [false, false],
      [false, true]
    ])
    list.selectedIndex = 1
    list.dispatchEvent(new Event('change'))
    list.selectedIndex = 0
    list.dispatchEvent(new Event('change'))
    expect(given).toEqual([4, null])
    await view.set({ modelValue: 4, disabled: true })
    expect([list.selectedIndex, list.disabled]).toEqual([1, true])
  })
})

describe('a file', () => {
  it('is named with its size, and may be dropped', async () => {
    const given: unknown[] = []
    view = mountView(FileField, {
      label: 'File',
      modelValue: null,
      'onUpdate:modelValue': (value: unknown) => given.push(value)
    })
    expect(view.text()).toContain('or drop a file here')
    const file = new File(['x'.repeat(2048)], 'samples.csv')
    const drop = Object.assign(new Event('drop', { bubbles: true, cancelable: true }), {
      dataTransfer: { files: [file] }
    })
    view.the('label').dispatchEvent(drop)
    expect(drop.defaultPrevented).toBe(true)
    expect(given).toEqual([file])
    await view.set({ modelValue: file })
    expect(view.the('.name').textContent?.trim()).toBe('samples.csv, 2 KiB')
  })

  it('stays as it is when what is dropped is no file', () => {
    const given: unknown[] = []
    const kept = new File(['x'], 'kept.csv')
    view = mountView(FileField, {
      label: 'File',
      modelValue: kept,
      'onUpdate:modelValue': (value: unknown) => given.push(value)
    })
    view.the('label').dispatchEvent(Object.assign(new Event('drop'), { dataTransfer: { files: [] } }))
    expect(given.filter((value) => value !== kept)).toEqual([])
    expect(view.text()).toContain('kept.csv')
  })
})
