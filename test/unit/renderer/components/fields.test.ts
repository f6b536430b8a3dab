// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import type { SchemeJson } from '@shared/contract/model'
import NumberField from '@renderer/components/fields/NumberField.vue'
import SchemeEditor from '@renderer/components/fields/SchemeEditor.vue'
import SuggestField from '@renderer/components/fields/SuggestField.vue'
import { mountView, type Mounted } from '../mountView'

let view: Mounted<Record<string, unknown>>
afterEach(() => view.unmount())

async function type(text: string): Promise<HTMLInputElement> {
  const input = view.the<HTMLInputElement>('input')
  input.value = text
  input.dispatchEvent(new Event('input'))
  await nextTick()
  return input
}

describe('a number field from 1 to 8', () => {
  const taken: number[] = []
  const mounted = (): void => {
    taken.length = 0
    view = mountView(NumberField, {
      ...{ label: 'Bits', min: 1, max: 8, step: 0.5, modelValue: 4 },
      'onUpdate:modelValue': (value: number) => taken.push(value)
    })
  }

  it.each([
    ['1', 1],
    ['8', 8],
    ['2.5', 2.5],
    ['2,5', 2.5],
    [' 7 ', 7],
    ['２．５', 2.5]
  ])('takes %s', async (text, value) => {
    mounted()
    const input = await type(text)
    expect(taken).toEqual([value])
    expect(input.getAttribute('aria-invalid')).toBe('false')
    expect(input.validationMessage).toBe('')
  })

  it.each(['', ' ', '0', '9', '-1', '1e400', 'four'])('marks "%s" and keeps what was there', async (text) => {
    mounted()
    const input = await type(text)
    expect(taken).toEqual([])
    expect(input.getAttribute('aria-invalid')).toBe('true')
    expect(input.validationMessage).toBe('Bits: a number from 1 to 8 is needed.')
  })

  it('shows how a comma was read when the field is left', async () => {
    mounted()
    const input = await type('2,5')
    await view.set({ modelValue: 2.5 })
    expect(input.value).toBe('2,5')
    input.dispatchEvent(new Event('change'))
    await nextTick()
    expect(input.value).toBe('2.5')
  })

  it('goes by its step with the arrow keys and stops at its bounds', async () => {
    mounted()
    const input = view.the<HTMLInputElement>('input')
    const press = (key: string): boolean => input.dispatchEvent(new KeyboardEvent('keydown', { key }))
    press('ArrowUp')
    press('PageDown')
    await nextTick()
    expect(taken).toEqual([4.5, 1])
    expect([input.getAttribute('role'), input.getAttribute('aria-valuemax')]).toEqual(['spinbutton', '8'])
  })

  it('is whole again when the page sets another number', async () => {
    mounted()
    await type('99')
    await view.set({ modelValue: 6 })
    const input = view.the<HTMLInputElement>('input')
    expect([input.value, input.getAttribute('aria-invalid'), input.validationMessage]).toEqual([
      '6',
      'false',
      ''
    ])
  })
})

describe('a number field of whole numbers up to 5000', () => {
  const taken: number[] = []
  const mounted = (): void => {
    taken.length = 0
    view = mountView(NumberField, {
      ...{ label: 'Images', min: 1, max: 5000, modelValue: 200 },
      'onUpdate:modelValue': (value: number) => taken.push(value)
    })
  }

  it.each(['2.5', '2,5', '0.5'])('does not take %s', async (text) => {
    mounted()
    const input = await type(text)
    expect(taken).toEqual([])
    expect(input.validationMessage).toMatch(/^Images: a/)
    expect(input.getAttribute('aria-invalid')).toBe('true')
  })

  it('asks what 1,500 means instead of guessing', async () => {
    mounted()
    const input = await type('1,500')
    expect(taken).toEqual([])
    expect(input.validationMessage).toBe('Images: write 1500 or 1.500; 1,500 can be read as either.')
  })
})

describe('the editor of a scheme', () => {
  const scheme: SchemeJson = [
    { layer: 'first', weightBits: 8, activationBits: 8 },
    { layer: 'second', weightBits: 8, activationBits: 8 }
  ]
  let edited: SchemeJson
  const mounted = (): void => {
    view = mountView(SchemeEditor, {
      modelValue: scheme,
      'onUpdate:modelValue': (value: SchemeJson) => (edited = value)
    })
  }

  it('gives all layers the same bits but the input its 8', () => {
    mounted()
    view.button('2 bit').click()
    expect(edited).toEqual([
      { layer: 'first', weightBits: 2, activationBits: 8 },
      { layer: 'second', weightBits: 2, activationBits: 2 }
    ])
    expect(view.the<HTMLSelectElement>('[aria-label="Activation bits of first"]').disabled).toBe(true)
  })

  it('changes one number of one layer', () => {
    mounted()
    const select = view.the<HTMLSelectElement>('[aria-label="Activation bits of second"]')
    select.selectedIndex = [...select.options].findIndex((option) => option.textContent?.trim() === '4')
    select.dispatchEvent(new Event('change'))
    expect(edited).toEqual([scheme[0], { layer: 'second', weightBits: 8, activationBits: 4 }])
    expect(scheme[1]?.activationBits).toBe(8)
  })
})

describe('a field with suggestions', () => {
  const offered = (): string[] => [...view.root.querySelectorAll('option')].map((one) => one.value)

  it('offers what holds the text, in either case, and at most 40', async () => {
    const suggestions = ['Alpha', 'beta', 'ALPHABET', ...Array.from({ length: 60 }, (_, at) => `x${at}`)]
    view = mountView(SuggestField, { label: 'Name', suggestions, modelValue: 'alpha' })
    expect(offered()).toEqual(['Alpha', 'ALPHABET'])
    await view.set({ modelValue: 'x' })
    expect(offered()).toEqual(Array.from({ length: 40 }, (_, at) => `x${at}`))
    await view.set({ modelValue: 'nothing like it' })
    expect(offered()).toEqual([])
  })
})
